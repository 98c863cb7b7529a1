import { expect, test } from 'vitest';
import type { WriteCall } from './calls.ts';
import { packCall, unpackCall } from './pack.ts';

const common = { senderId: 'bob', type: 'note', content: '{"a":1.0}', createdAtMs: 5, storedAtMs: 6 };

test.for([
  { kind: 'direct', recipientId: 'ann', receipt: true, clientMsgId: 'c', ...common },
  { kind: 'direct', recipientId: 'ann', receipt: false, clientMsgId: undefined, ...common },
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
