import { expect, test } from 'vitest';
import type { UserState } from '../ports/store.ts';
import { MergedStates } from './merged-states.ts';

const state = (userId: string, value: UserState['state']): UserState => ({ userId, state: value, statusText: undefined, lastSeenMs: 1 });

/** Writes wait until the test takes them, and end when it says so. */
function setUp() {
  const queued: { take: () => readonly UserState[]; end: PromiseWithResolvers<unknown> }[] = [];
  const states = new MergedStates((take) => {
    const end = Promise.withResolvers<unknown>();
    queued.push({ take, end });
    return end.promise;
  });
  return { states, queued };
}

test('of each user only the newest state waits, in one write', async () => {
  const { states, queued } = setUp();
  const saved = Promise.all(
    Array.from({ length: 10_000 }, (_, index) => states.save([state(`user ${index % 2}`, index < 9_998 ? 'away' : 'dnd')])),
  );
  expect(queued).toHaveLength(1);
  expect(queued[0]?.take()).toEqual([state('user 0', 'dnd'), state('user 1', 'dnd')]);
  queued[0]?.end.resolve(undefined);
  await saved;
});

test('what comes after a write was taken is the next write', async () => {
  const { states, queued } = setUp();
  void states.save([state('ann', 'away')]);
  queued[0]?.take();
  const later = states.save([state('ann', 'dnd')]);
  expect(queued).toHaveLength(2);
  expect(queued[1]?.take()).toEqual([state('ann', 'dnd')]);
  queued[1]?.end.resolve(undefined);
  await later;
});

test('a refused write fails those who wait for it, and the next one is tried anew', async () => {
  const { states, queued } = setUp();
  const refused = states.save([state('ann', 'away')]);
  queued[0]?.end.reject(new Error('overloaded'));
  await expect(refused).rejects.toThrow('overloaded');
  void states.save([state('ann', 'dnd')]);
  expect(queued[1]?.take()).toEqual([state('ann', 'dnd')]);
});
