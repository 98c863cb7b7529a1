import type { Database } from 'better-sqlite3';
import { type HistoryMessage, type HistoryQuery, placeOf, type StoredMessage, type StreamId, timelineOf } from '../../../ports/store.ts';
import type { Reads } from '../thread/calls.ts';
import { type Access, createHiddenUpto } from './access.ts';
import { textParameter } from './database.ts';

interface MessageRow {
  readonly id: number;
  readonly stream: string;
  readonly seq: number;
  readonly sender_id: string;
  readonly message_type: string;
  readonly content: string;
  readonly created_at: number;
  readonly client_msg_id: string | null;
  readonly echo: number;
}

const messageColumns = 'id, stream, seq, sender_id, message_type, content, created_at, client_msg_id, echo';

function toMessage(row: MessageRow): StoredMessage {
  return {
    id: row.id,
    stream: row.stream,
    seq: row.seq,
    senderId: row.sender_id,
    ...placeOf(row.stream),
    type: row.message_type,
    content: row.content,
    createdAtMs: row.created_at,
    clientMsgId: row.client_msg_id ?? undefined,
    echo: row.echo === 1,
  };
}

type HistoryRow = MessageRow & { readonly delivered_at: number | null };

/** Message ids lie in (afterId, beforeId). */
interface IdRange {
  readonly afterId: number;
  readonly beforeId: number;
}

type Page = (range: IdRange, order: 'oldest' | 'newest', limit: number) => Iterable<HistoryRow>;

export function createHistory(db: Database, access: Access): Reads['history'] {
  const roomPage = createRoomPage(db);
  const conversationPage = createConversationPage(db);

  const pageOf = ({ userId, of }: HistoryQuery): Page => {
    if ('withUserId' in of) return conversationPage(userId, of.withUserId);
    access.requireMember(of.roomId, userId);
    return roomPage(timelineOf(of.roomId));
  };

  return (query) => {
    const order = query.afterId === undefined ? 'newest' : 'oldest';
    const range = { afterId: query.afterId ?? 0, beforeId: query.beforeId ?? Number.MAX_SAFE_INTEGER };
    const { messages, hasMore } = cut(pageOf(query)(range, order, query.limit + 1), query);
    return { messages: order === 'newest' ? messages.reverse() : messages, hasMore };
  };
}

/** The first rows that are within the bounds of the page. */
function cut(rows: Iterable<HistoryRow>, { limit, bytesMax }: HistoryQuery): { messages: HistoryMessage[]; hasMore: boolean } {
  const messages: HistoryMessage[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += Buffer.byteLength(row.content);
    if (messages.length === limit || (messages.length > 0 && bytes > bytesMax)) return { messages, hasMore: true };
    messages.push(toHistoryMessage(row));
  }
  return { messages, hasMore: false };
}

function toHistoryMessage(row: HistoryRow): HistoryMessage {
  return { ...toMessage(row), deliveredAtMs: row.delivered_at ?? undefined };
}

function createConversationPage(db: Database): (userId: string, withUserId: string) => Page {
  const select = (direction: 'ASC' | 'DESC') =>
    db.prepare<IdRange & { userId: string; withUserId: string; limit: number }, HistoryRow>(`
      SELECT ${messageColumns},
        (SELECT delivered_at FROM deliveries AS d WHERE d.stream = m.stream AND d.seq >= m.seq ORDER BY d.seq LIMIT 1) AS delivered_at
      FROM messages AS m
      WHERE recipient_id IS NOT NULL
        AND min(sender_id, recipient_id) = min(@userId, @withUserId) AND max(sender_id, recipient_id) = max(@userId, @withUserId)
        AND id > @afterId AND id < @beforeId
      ORDER BY id ${direction} LIMIT @limit`);
  const statements = { oldest: select('ASC'), newest: select('DESC') };
  return (userId, withUserId) => (range, order, limit) => statements[order].iterate({ userId, withUserId, limit, ...range });
}

function createRoomPage(db: Database): (stream: StreamId) => Page {
  const firstSeqAbove = createFirstSeqAbove(db);
  const select = (direction: 'ASC' | 'DESC') =>
    db.prepare<[string, number, number, number], HistoryRow>(`
      SELECT ${messageColumns}, NULL AS delivered_at
      FROM messages WHERE stream = ${textParameter} AND seq >= ? AND seq < ? ORDER BY seq ${direction} LIMIT CAST(? AS INTEGER)`);
  const statements = { oldest: select('ASC'), newest: select('DESC') };
  return (stream) =>
    ({ afterId, beforeId }, order, limit) =>
      statements[order].iterate(stream, firstSeqAbove(stream, afterId), firstSeqAbove(stream, beforeId - 1), limit);
}

/**
 * The `seq` of a room's first message with an id above the given one, by halving: ids grow with `seq`, and a
 * room's log has no gaps. An index by (stream, id) would cost every append more than this costs a page.
 */
function createFirstSeqAbove(db: Database): (stream: StreamId, id: number) => number {
  const hiddenUpto = createHiddenUpto(db);
  const newest = db.prepare<[StreamId], { seq: number | null }>(`SELECT max(seq) AS seq FROM messages WHERE stream = ${textParameter}`);
  const idAt = db.prepare<[string, number], { id: number }>('SELECT id FROM messages WHERE stream = ? AND seq = ?');

  return (stream, id) => {
    let low = hiddenUpto(stream) + 1;
    let high = Math.max(newest.get(stream)?.seq ?? 0, low - 1) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((idAt.get(stream, middle)?.id ?? 0) > id) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
