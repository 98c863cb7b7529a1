import { createMemoryStore } from '@parley/testkit';
import { expect, test } from 'vitest';
import type { PresenceView } from '../../ports/presence.ts';
import { operate } from '../router.ts';
import { testServices } from '../services.test-support.ts';

const storeOptions = { queueMessagesMax: 100, queueOverflow: 'reject', onAppended() {}, onFailed() {} } as const;

test('an answer is not older than a change of which a watcher has heard while the store was asked', async () => {
  const views = new Map<string, PresenceView>();
  const offline = (userId: string): PresenceView => ({
    ...{ userId, state: 'offline', connections: 0 },
    ...{ statusText: undefined, lastSeenMs: undefined },
  });
  const { presence, ...services } = testServices(createMemoryStore(storeOptions));
  const asked = operate(
    { ...services, presence: { ...presence, view: (userId) => views.get(userId) ?? offline(userId) } },
    'presence',
    'bob',
    {
      user_ids: ['ann'],
    },
  );
  views.set('ann', { userId: 'ann', state: 'online', statusText: undefined, lastSeenMs: 5, connections: 1 });
  expect(await asked).toMatchObject({ users: [{ user_id: 'ann', state: 'online', last_seen: 0.005 }] });
});

test('who is offline was last seen when the store says', async () => {
  const store = createMemoryStore(storeOptions);
  await store.saveStates([{ userId: 'ann', state: 'dnd', statusText: 'busy', lastSeenMs: 42 }]);
  const { users } = await operate(testServices(store), 'presence', 'eve', { user_ids: ['ann', 'bob'] });
  expect(users).toMatchObject([
    { user_id: 'ann', state: 'offline', last_seen: 0.042 },
    { user_id: 'bob', state: 'offline', last_seen: null },
  ]);
});
