import { type AppendRequest, inboxOf, type StreamId, timelineOf } from '../../../ports/store.ts';
import { Refused } from '../../outcome.ts';
import type { Writes } from '../thread/calls.ts';
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
];

interface FirstRow {
  readonly id: number;
  readonly seq: number;
  readonly created_at: number;
}

/** Like every write here it throws a `Refused` before it changes anything, so that a refusal fails its own call only. */
export function createAppend(context: WriteContext): Writes['append'] {
  const { db, streams, counters, access } = context;
  const makeSpace = createMakeSpace(context);
  const store = createStoreMessage(context);
  const first = db.prepare<[string, string, string], FirstRow>(
    'SELECT id, seq, created_at FROM messages WHERE sender_id = ? AND client_msg_id = ? AND stream = ?',
  );
  const remove = db.prepare<[number]>('DELETE FROM messages WHERE id = ?');

  return (request) => {
    const stream = request.kind === 'direct' ? inboxOf(request.recipientId) : timelineOf(request.roomId);
    const earlier = request.clientMsgId === undefined ? undefined : first.get(request.senderId, request.clientMsgId, stream);
    // One of a deleted room with the same name is none of this room, and is only in the way.
    const isOfDeletedRoom = earlier !== undefined && request.kind === 'room' && earlier.seq <= streams.get(stream).trimmedSeq;
    if (earlier !== undefined && !isOfDeletedRoom) {
      return { id: earlier.id, seq: earlier.seq, createdAtMs: earlier.created_at, duplicate: true };
    }
    if (request.kind === 'direct') makeSpace(stream);
    else if (request.membersOnly) access.requireMember(request.roomId, request.senderId);
    else access.requireRoom(request.roomId);
    if (isOfDeletedRoom) counters.add('messages', -remove.run(earlier.id).changes);
    return { ...store(stream, request), createdAtMs: request.createdAtMs, duplicate: false };
  };
}

function createStoreMessage({
  db,
  streams,
  counters,
}: WriteContext): (stream: StreamId, request: AppendRequest) => { id: number; seq: number } {
  const insert = db.prepare<InsertRow>(`
    INSERT INTO messages (id, stream, seq, sender_id, recipient_id, room_id, message_type, created_at, stored_at, client_msg_id, echo, receipt, content)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);

  return (stream, request) => {
    const state = streams.get(stream);
    const id = counters.add('last_id', 1);
    const seq = state.lastSeq + 1;
    const isDirect = request.kind === 'direct';
    insert.run(
      id,
      stream,
      seq,
      request.senderId,
      isDirect ? request.recipientId : null,
      isDirect ? null : request.roomId,
      request.type,
      request.createdAtMs,
      request.storedAtMs,
      request.clientMsgId ?? null,
      isDirect || request.echo ? 1 : 0,
      isDirect && request.receipt ? 1 : 0,
      request.content,
    );
    streams.set(stream, { ...state, lastSeq: seq });
    counters.add('messages', 1);
    if (isDirect) counters.add('queued', 1);
    return { id, seq };
  };
}

/**
 * Holds an inbox to `queueMessagesMax`. Dropping removes undelivered messages only: delivered ones below
 * them stay for the history, but are no longer part of the log.
 */
function createMakeSpace({ db, streams, counters, limits }: WriteContext): (inbox: StreamId) => void {
  const remove = db.prepare<[string, number, number]>('DELETE FROM messages WHERE stream = ? AND seq > ? AND seq <= ?');

  return (inbox) => {
    const state = streams.get(inbox);
    const excess = undelivered(state) + 1 - limits.queueMessagesMax;
    if (excess <= 0) return;
    if (limits.queueOverflow === 'reject') throw new Refused('queue_full');
    const from = Math.max(state.deliveredSeq, state.trimmedSeq);
    const upto = Math.min(from + excess, state.lastSeq);
    const { changes } = remove.run(inbox, from, upto);
    streams.set(inbox, { ...state, trimmedSeq: upto });
    counters.add('messages', -changes);
    counters.add('queued', -changes);
    counters.add('dropped', changes);
  };
}
