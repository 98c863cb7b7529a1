import type { Database } from 'better-sqlite3';
import { type AppendRequest, inboxOf, type StoreOptions, type StreamId, timelineOf } from '../../ports/store.ts';
import type { Access } from './access.ts';
import { Refused, type Writes } from './calls.ts';
import type { Counters } from './counters.ts';
import { type StreamStates, undelivered } from './stream-states.ts';

export interface WriteContext {
  readonly db: Database;
  readonly streams: StreamStates;
  readonly counters: Counters;
  readonly access: Access;
  readonly options: Pick<StoreOptions, 'queueMessagesMax' | 'queueOverflow'>;
}

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

/** Like every write here it throws a `Refused` before it changes anything, so that a refusal fails its own call only. */
export function createAppend(context: WriteContext): Writes['append'] {
  const { db, streams, counters, access } = context;
  const makeSpace = createMakeSpace(context);
  const first = db.prepare<[string, string, string], { id: number; seq: number; created_at: number }>(
    'SELECT id, seq, created_at FROM messages WHERE sender_id = ? AND client_msg_id = ? AND stream = ?',
  );
  const insert = db.prepare<InsertRow>(`
    INSERT INTO messages (id, stream, seq, sender_id, recipient_id, room_id, message_type, created_at, stored_at, client_msg_id, echo, receipt, content)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);

  const store = (stream: StreamId, request: AppendRequest): { id: number; seq: number } => {
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

  return (request) => {
    const stream = request.kind === 'direct' ? inboxOf(request.recipientId) : timelineOf(request.roomId);
    const earlier = request.clientMsgId === undefined ? undefined : first.get(request.senderId, request.clientMsgId, stream);
    if (earlier !== undefined) return { id: earlier.id, seq: earlier.seq, createdAtMs: earlier.created_at, duplicate: true };
    if (request.kind === 'direct') makeSpace(stream);
    else if (request.membersOnly) access.requireMember(request.roomId, request.senderId);
    else access.requireRoom(request.roomId);
    return { ...store(stream, request), createdAtMs: request.createdAtMs, duplicate: false };
  };
}

/**
 * Holds an inbox to `queueMessagesMax`. Dropping removes undelivered messages only: delivered ones below
 * them stay for the history, but are no longer part of the log.
 */
function createMakeSpace({ db, streams, counters, options }: WriteContext): (inbox: StreamId) => void {
  const remove = db.prepare<[string, number, number]>('DELETE FROM messages WHERE stream = ? AND seq > ? AND seq <= ?');

  return (inbox) => {
    const state = streams.get(inbox);
    const excess = undelivered(state) + 1 - options.queueMessagesMax;
    if (excess <= 0) return;
    if (options.queueOverflow === 'reject') throw new Refused('queue_full');
    const from = Math.max(state.deliveredSeq, state.trimmedSeq);
    const upto = Math.min(from + excess, state.lastSeq);
    const { changes } = remove.run(inbox, from, upto);
    streams.set(inbox, { ...state, trimmedSeq: upto });
    counters.add('messages', -changes);
    counters.add('queued', -changes);
    counters.add('dropped', changes);
  };
}
