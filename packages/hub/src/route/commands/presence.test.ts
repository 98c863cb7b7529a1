import { createMemoryStore } from '@parley/testkit';
import { expect, test } from 'vitest';
import type { PresenceView } from '../../ports/presence.ts';
import { testServices } from '../services.test-support.ts';
import { presenceOf } from './presence.ts';

const storeOptions = { queueMessagesMax: 100, queueOverflow: 'reject', onAppended() {}, onFailed() {} } as const;

test('an answer is not older than a change of which a watcher has heard while the store was asked', async () => {
  const views = new Map<string, PresenceView>();
  const offline = (userId: string): PresenceView => ({
    ...{ userId, state: 'offline', connections: 0 },
    ...{ statusText: undefined, lastSeenMs: undefined },
  });
  const { presence, ...services } = testServices(createMemoryStore(storeOptions));
  const asked = presenceOf({ ...services, presence: { ...presence, view: (userId) => views.get(userId) ?? offline(userId) } }, ['ann']);
  views.set('ann', { userId: 'ann', state: 'online', statusText: undefined, lastSeenMs: 5, connections: 1 });
  expect(await asked).toMatchObject([{ userId: 'ann', state: 'online', lastSeenMs: 5 }]);
});

test('who is offline was last seen when the store says', async () => {
  const store = createMemoryStore(storeOptions);
  await store.saveStates([{ userId: 'ann', state: 'dnd', statusText: 'busy', lastSeenMs: 42 }]);
  const views = await presenceOf(testServices(store), ['ann', 'bob']);
  expect(views).toMatchObject([
    { userId: 'ann', state: 'offline', lastSeenMs: 42 },
    { userId: 'bob', state: 'offline', lastSeenMs: undefined },
  ]);
});
