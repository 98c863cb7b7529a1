import { createMemoryStore } from '@parley/testkit';
import { expect, test } from 'vitest';
import { testServices, testSession } from '../services.test-support.ts';
import { replyText } from './command.ts';
import { history } from './history.ts';

const storeOptions = { queueMessagesMax: 100, queueOverflow: 'reject', onAppended() {}, onFailed() {} } as const;

test.each([
  ['as much as asked for, if there is room', 1_000_000, 5],
  ['what the connection may hold now', 2500, 2],
  ['one message where there is no room, so that the client gets on', 0, 1],
])('a page of history has %s', async (_, room, count) => {
  const store = createMemoryStore(storeOptions);
  const common = {
    senderId: 'ann',
    recipientId: 'bob',
    type: 'text',
    createdAtMs: 0,
    storedAtMs: 0,
    clientMsgId: undefined,
    receipt: false,
    trusted: false,
  };
  for (let sent = 0; sent < 5; sent++) await store.append({ kind: 'direct', ...common, content: JSON.stringify('x'.repeat(1000)) });
  const services = testServices(store, { roomFor: () => room });
  const reply = await history({
    services,
    caller: { userId: 'ann', session: testSession('ann') },
    payload: { user_id: 'bob' },
    textOf: () => '',
  });
  const page = JSON.parse(replyText(reply));
  expect(page.messages).toHaveLength(count);
  expect(page.has_more).toBe(count < 5);
});
