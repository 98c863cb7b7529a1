/**
 * Batches as they cross threads. An append is a row of values there, because of an object every key is
 * written and read again: that took 5 of the 25 µs of CPU time that an append costs in all, and a row takes 1.
 */
import type { AppendRequest } from '../../ports/store.ts';
import type { PackedAppend, PackedCall, WriteCall } from './calls.ts';

export function packCall(call: WriteCall): PackedCall {
  return isAppend(call) ? packAppend(call.args[0]) : call;
}

export function unpackCall(packed: PackedCall): WriteCall {
  return 'method' in packed ? packed : { method: 'append', args: [unpackAppend(packed)] };
}

function isAppend(call: WriteCall): call is { readonly method: 'append'; readonly args: readonly [AppendRequest] } {
  return call.method === 'append';
}

function packAppend(request: AppendRequest): PackedAppend {
  const { kind, senderId, type, content, createdAtMs, storedAtMs, clientMsgId } = request;
  return kind === 'direct'
    ? [kind, request.recipientId, senderId, type, content, createdAtMs, storedAtMs, clientMsgId, request.receipt, false]
    : [kind, request.roomId, senderId, type, content, createdAtMs, storedAtMs, clientMsgId, request.echo, request.membersOnly];
}

function unpackAppend(packed: PackedAppend): AppendRequest {
  const [kind, to, senderId, type, content, createdAtMs, storedAtMs, clientMsgId, option, membersOnly] = packed;
  const common = { senderId, type, content, createdAtMs, storedAtMs, clientMsgId };
  return kind === 'direct'
    ? { kind, recipientId: to, receipt: option, ...common }
    : { kind, roomId: to, echo: option, membersOnly, ...common };
}
