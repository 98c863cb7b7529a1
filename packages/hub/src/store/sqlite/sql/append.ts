import { type Appended, type AppendRequest, inboxOf, type StreamId, timelineOf } from '../../../ports/store.ts';
import { Refused } from '../../outcome.ts';
import type { Writes } from '../thread/calls.ts';
import { checksumOf } from './message-rows.ts';
import { createSenderCounts } from './sender-counts.ts';
import { undelivered } from './stream-states.ts';
import type { WriteContext } from './write-context.ts';

type InsertRow = [
  id: number,
  stream: string,
  seq: number,
  senderId: string,
  recipientId: string | null,
  roomId: string | null,
  type: string,
  createdAtMs: number,
  storedAtMs: number,
  clientMsgId: string | null,
  echo: number,
  receipt: number,
  content: string,
  checksum: number,
];

interface FirstRow {
  readonly id: number;
  readonly seq: number;
  readonly createdAtMs: number;
  readonly type: string;
  readonly content: string;
}

/** Like every write here it throws a `Refused` before it changes anything, so that a refusal fails its own call only. */
export function createAppend(context: WriteContext): Writes['append'] {
  const { db, streams, counters, access } = context;
  const requireShare = createRequireShare(context);
  const makeSpace = createMakeSpace(context);
  const store = createStoreMessage(context);
  const first = db.prepare<[string, string, string], FirstRow>(`
    SELECT id, seq, created_at AS createdAtMs, message_type AS type, content
    FROM messages WHERE sender_id = ? AND client_msg_id = ? AND stream = ?`);
  const remove = db.prepare<[number]>('DELETE FROM messages WHERE id = ?');

  return (request) => {
    const stream = request.kind === 'direct' ? inboxOf(request.recipientId) : timelineOf(request.roomId);
    const earlier = request.clientMsgId === undefined ? undefined : first.get(request.senderId, request.clientMsgId, stream);
    // One of a deleted room with the same name is none of this room, and is only in the way.
    const isOfDeletedRoom = earlier !== undefined && request.kind === 'room' && earlier.seq <= streams.get(stream).trimmedSeq;
    if (earlier !== undefined && !isOfDeletedRoom) return repetition(request, earlier);
    if (request.kind === 'direct') {
      if (!request.trusted) requireShare(stream, request.senderId);
      makeSpace(stream);
    } else if (request.membersOnly) access.requireMember(request.roomId, request.senderId);
    else access.requireRoom(request.roomId);
    if (isOfDeletedRoom) counters.add('messages', -remove.run(earlier.id).changes);
    return { ...store(stream, request), createdAtMs: request.createdAtMs, duplicate: false };
  };
}

function repetition({ type, content }: AppendRequest, first: FirstRow): Appended {
  if (type !== first.type || content !== first.content) throw new Refused('client_msg_id_conflict');
  return { id: first.id, seq: first.seq, createdAtMs: first.createdAtMs, duplicate: true };
}

type StoreMessage = (stream: StreamId, request: AppendRequest) => Pick<Appended, 'id' | 'seq'>;

function createStoreMessage({ db, streams, counters }: WriteContext): StoreMessage {
  const insert = db.prepare<InsertRow>(`
    INSERT INTO messages
      (id, stream, seq, sender_id, recipient_id, room_id, message_type, created_at, stored_at, client_msg_id, echo, receipt, content, checksum)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);

  return (stream, request) => {
    const state = streams.get(stream);
    const id = counters.add('last_id', 1);
    const seq = state.lastSeq + 1;
    const { kind, senderId, type, content, createdAtMs, clientMsgId = null } = request;
    const isDirect = kind === 'direct';
    const echo = isDirect || request.echo ? 1 : 0;
    insert.run(
      id,
      stream,
      seq,
      senderId,
      isDirect ? request.recipientId : null,
      isDirect ? null : request.roomId,
      type,
      createdAtMs,
      request.storedAtMs,
      clientMsgId,
      echo,
      isDirect && request.receipt ? 1 : 0,
      content,
      checksumOf({ stream, id, seq, senderId, type, content, createdAtMs, clientMsgId, echo }),
    );
    state.senders?.set(senderId, (state.senders.get(senderId) ?? 0) + 1);
    streams.set(stream, { ...state, lastSeq: seq });
    counters.add('messages', 1);
    if (isDirect) counters.add('queued', 1);
    return { id, seq };
  };
}

/** Holds one sender to `senderQueueMessagesMax` in an inbox, so that it can't fill it for the others. */
function createRequireShare({ db, streams, limits }: WriteContext): (inbox: StreamId, senderId: string) => void {
  const { withCounts } = createSenderCounts(db);
  return (inbox, senderId) => {
    const state = streams.get(inbox);
    if (undelivered(state) < limits.senderQueueMessagesMax) return;
    const counted = withCounts(inbox, state);
    streams.set(inbox, counted);
    if ((counted.senders.get(senderId) ?? 0) >= limits.senderQueueMessagesMax) throw new Refused('queue_full');
  };
}

/**
 * Holds an inbox to `queueMessagesMax`. Dropping removes undelivered messages only: delivered ones below
 * them stay for the history, but are no longer part of the log.
 */
function createMakeSpace({ db, streams, counters, limits }: WriteContext): (inbox: StreamId) => void {
  const { passed } = createSenderCounts(db);
  const remove = db.prepare<[string, number, number]>('DELETE FROM messages WHERE stream = ? AND seq > ? AND seq <= ?');

  return (inbox) => {
    const state = streams.get(inbox);
    const excess = undelivered(state) + 1 - limits.queueMessagesMax;
    if (excess <= 0) return;
    if (limits.queueOverflow === 'reject') throw new Refused('queue_full');
    const from = Math.max(state.deliveredSeq, state.trimmedSeq);
    const upto = Math.min(from + excess, state.lastSeq);
    const after = passed(inbox, state, { ...state, trimmedSeq: upto });
    const { changes } = remove.run(inbox, from, upto);
    streams.set(inbox, after);
    counters.add('messages', -changes);
    counters.add('queued', -changes);
    counters.add('dropped', changes);
  };
}
