import { expect, test } from 'vitest';
import type { WriteCall } from './calls.ts';
import { packCall, unpackCall, unpackEntries } from './pack.ts';

const common = { senderId: 'bob', type: 'note', content: '{"a":1.0}', createdAtMs: 5, storedAtMs: 6 };

test.for([
  { kind: 'direct', recipientId: 'ann', receipt: true, trusted: true, clientMsgId: 'c', ...common },
  { kind: 'direct', recipientId: 'ann', receipt: false, trusted: false, clientMsgId: undefined, ...common },
  { kind: 'room', roomId: 'tea', echo: true, membersOnly: false, clientMsgId: undefined, ...common },
  { kind: 'room', roomId: 'tea', echo: false, membersOnly: true, clientMsgId: 'c', ...common },
])('an append crosses unchanged: %o', (request) => {
  const call: WriteCall = { method: 'append', args: [request] };
  expect(unpackCall(structuredClone(packCall(call)))).toEqual(call);
});

test('other calls cross as they are', () => {
  const call: WriteCall = { method: 'leaveRoom', args: ['tea', 'ann'] };
  expect(unpackCall(structuredClone(packCall(call)))).toEqual(call);
});

test('the messages of a page cross unchanged, of an inbox and of a timeline', () => {
  const content = '{"a":1.0,"b":"\\u0000 \\" é 😀\u2028"}';
  const rows = [
    [7, 3, 'bob', 'note', content, 5.25, null, 1, 99] as const,
    [Number.MAX_SAFE_INTEGER, 4, 'a"b', 'note', '""', 6, 'c', 0, null] as const,
  ];
  const [first, second] = unpackEntries('user:ann', structuredClone(rows));
  const ofInbox = { stream: 'user:ann', recipientId: 'ann', roomId: undefined };
  expect(first).toEqual({
    ...{ id: 7, seq: 3, senderId: 'bob', type: 'note', content, createdAtMs: 5.25, clientMsgId: undefined, echo: true },
    ...ofInbox,
  });
  expect(second).toEqual({
    ...{ id: Number.MAX_SAFE_INTEGER, seq: 4, senderId: 'a"b', type: 'note', content: '""', createdAtMs: 6, clientMsgId: 'c', echo: false },
    ...ofInbox,
  });
  expect(unpackEntries('room:user:1', rows)[0]).toMatchObject({ stream: 'room:user:1', recipientId: undefined, roomId: 'user:1' });
});
