import type { AppendDirect, Appended, AppendRequest, CursorAdvance, DeliveryReceipt, Retention, StoreOptions } from '@parley/hub';
import { inboxOf, timelineOf } from '@parley/hub';
import { placeOf } from '@parley/hub/testing';
import { HubError } from '@parley/protocol';
import { forgetUnused } from './memory-readers.ts';
import {
  cursorsOf,
  deliveredTo,
  type MemoryMessage,
  type MemoryState,
  readableBy,
  requireMember,
  requireRoom,
  streamOf,
  undeliveredTo,
  visible,
} from './memory-state.ts';

/** Returns the stored message too, unless the request repeats an earlier one. */
export function append(state: MemoryState, request: AppendRequest, options: StoreOptions): { appended: Appended; stored?: MemoryMessage } {
  const isDirect = request.kind === 'direct';
  const id = isDirect ? inboxOf(request.recipientId) : timelineOf(request.roomId);
  const stream = streamOf(state, id);
  const { senderId, clientMsgId, type, content, createdAtMs, storedAtMs } = request;
  const first = stream.messages.find((message) => message.senderId === senderId && message.clientMsgId === clientMsgId);
  const isOfDeletedRoom = first !== undefined && !isDirect && first.seq <= stream.trimmed;
  if (clientMsgId !== undefined && first !== undefined && !isOfDeletedRoom) {
    if (first.type !== type || first.content !== content) throw new HubError('client_msg_id_conflict');
    return { appended: { id: first.id, seq: first.seq, createdAtMs: first.createdAtMs, duplicate: true } };
  }
  if (isDirect) {
    if (!request.trusted) requireShare(state, request, options);
    makeSpace(state, request.recipientId, options);
  } else if (request.membersOnly) requireMember(state, request.roomId, senderId);
  else requireRoom(state, request.roomId);

  if (clientMsgId !== undefined && isOfDeletedRoom) stream.messages = stream.messages.filter((message) => message !== first);
  state.lastId += 1;
  stream.head += 1;
  const message: MemoryMessage = {
    id: state.lastId,
    stream: id,
    seq: stream.head,
    senderId,
    ...placeOf(id),
    type,
    content,
    createdAtMs,
    storedAtMs,
    clientMsgId,
    echo: isDirect || request.echo,
    receipt: isDirect && request.receipt,
  };
  stream.messages.push(message);
  return { appended: { id: message.id, seq: message.seq, createdAtMs, duplicate: false }, stored: message };
}

function requireShare(state: MemoryState, { recipientId, senderId }: AppendDirect, { senderQueueMessagesMax }: StoreOptions): void {
  const { messages, trimmed } = streamOf(state, inboxOf(recipientId));
  const from = Math.max(trimmed, deliveredTo(state, recipientId));
  const count = messages.filter((message) => message.seq > from && message.senderId === senderId).length;
  if (count >= senderQueueMessagesMax) throw new HubError('queue_full');
}

function makeSpace(state: MemoryState, userId: string, { queueMessagesMax, queueOverflow }: StoreOptions): void {
  const excess = undeliveredTo(state, userId) + 1 - queueMessagesMax;
  if (excess <= 0) return;
  if (queueOverflow === 'reject') throw new HubError('queue_full');
  const stream = streamOf(state, inboxOf(userId));
  const from = Math.max(stream.trimmed, deliveredTo(state, userId));
  const upto = Math.min(from + excess, stream.head);
  stream.messages = stream.messages.filter(({ seq }) => seq <= from || seq > upto);
  stream.trimmed = upto;
  state.dropped += upto - from;
}

export function advance(state: MemoryState, advances: readonly CursorAdvance[], nowMs: number): readonly DeliveryReceipt[] {
  if (advances.some(({ stream, seq }) => seq > streamOf(state, stream).head)) throw new HubError('ack_out_of_range');
  return advances.flatMap((one) => advanceOne(state, one, nowMs));
}

function advanceOne(state: MemoryState, { userId, deviceId, stream, seq }: CursorAdvance, nowMs: number): readonly DeliveryReceipt[] {
  const floor = readableBy(state, userId).get(stream);
  if (floor === undefined || seq <= floor) return [];
  const before = deliveredTo(state, userId);
  for (const device of new Set([deviceId, ''])) {
    const cursors = cursorsOf(state, userId, device);
    const cursor = cursors.get(stream) ?? { received: floor, written: floor };
    cursors.set(stream, { ...cursor, received: Math.max(cursor.received, seq) });
  }
  if (stream !== inboxOf(userId) || seq <= before) return [];
  const inbox = streamOf(state, stream);
  inbox.deliveries.push({ seq, atMs: nowMs });
  return inbox.messages
    .filter((message) => message.receipt && message.seq > before && message.seq <= seq)
    .map((message) => ({ messageId: message.id, seq: message.seq, senderId: message.senderId, recipientId: userId, deliveredAtMs: nowMs }));
}

export function expire(state: MemoryState, retention: Retention, nowMs: number): { removed: number; more: boolean } {
  state.retentionTime = Math.max(state.retentionTime, Math.round(nowMs));
  let removed = 0;
  for (const [id, stream] of state.streams) {
    const before = stream.messages.length;
    if (id.startsWith(timelineOf(''))) stream.messages = visible(id, stream);
    const kept = stream.messages.filter((message) => {
      const deliveredSeq = message.recipientId === undefined ? message.seq : deliveredTo(state, message.recipientId);
      const isDelivered = message.seq <= deliveredSeq;
      const isOld = nowMs - message.storedAtMs > (isDelivered ? retention.deliveredMs : retention.undeliveredMs);
      const nextSeq = (isDelivered ? stream.trimmed : Math.max(stream.trimmed, deliveredSeq)) + 1;
      if (!isOld || message.seq > nextSeq) return true;
      stream.trimmed = Math.max(stream.trimmed, message.seq);
      if (!isDelivered) state.expired += 1;
      return false;
    });
    removed += before - kept.length;
    stream.messages = kept;
  }
  forgetUnused(state, nowMs - Math.max(retention.deliveredMs, retention.undeliveredMs));
  return { removed, more: false };
}
