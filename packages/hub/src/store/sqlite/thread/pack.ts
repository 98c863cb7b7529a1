/**
 * Batches and pages as they cross threads. An append is a row of values there, because of an object every key is
 * written and read again: that took 5 of the 25 µs of CPU time that an append costs in all, and a row takes 1.
 * So is a message that is read, as it comes from SQLite: 0.4 instead of 1 µs. (A row with `undefined` in it costs twice as much.)
 */
import { type AppendRequest, type LogEntry, type MessagePlace, placeOf, type StoredMessage, type StreamId } from '../../../ports/store.ts';
import type { PackedAppend, PackedCall, PackedDamage, PackedMessage, WriteCall } from './calls.ts';

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
  const { kind, senderId, type, content, createdAtMs, storedAtMs, clientMsgId = null } = request;
  return kind === 'direct'
    ? [kind, request.recipientId, senderId, type, content, createdAtMs, storedAtMs, clientMsgId, request.receipt, request.trusted]
    : [kind, request.roomId, senderId, type, content, createdAtMs, storedAtMs, clientMsgId, request.echo, request.membersOnly];
}

function unpackAppend(packed: PackedAppend): AppendRequest {
  const [kind, to, senderId, type, content, createdAtMs, storedAtMs, clientMsgId, receiptOrEcho, trustedOrMembersOnly] = packed;
  const common = { senderId, type, content, createdAtMs, storedAtMs, clientMsgId: clientMsgId ?? undefined };
  return kind === 'direct'
    ? { kind, recipientId: to, receipt: receiptOrEcho, trusted: trustedOrMembersOnly, ...common }
    : { kind, roomId: to, echo: receiptOrEcho, membersOnly: trustedOrMembersOnly, ...common };
}

export function unpackEntries(stream: StreamId, rows: readonly (PackedMessage | PackedDamage)[]): readonly LogEntry[] {
  const place = placeOf(stream);
  return rows.map((row) => (row.length === 1 ? { stream, seq: row[0], damaged: true } : unpackMessage(stream, place, row)));
}

export function unpackMessage(stream: StreamId, place: MessagePlace, row: PackedMessage): StoredMessage {
  const [id, seq, senderId, type, content, createdAtMs, clientMsgId, echo] = row;
  const common = { id, stream, seq, senderId, type, content, createdAtMs };
  return { ...common, ...place, clientMsgId: clientMsgId ?? undefined, echo: echo === 1 };
}
