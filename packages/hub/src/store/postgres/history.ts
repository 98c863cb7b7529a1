/** Pages of the history. Damaged messages are left out and named by their place. */
import { type DamagedMessage, type HistoryMessage, type HistoryQuery, timelineOf } from '../../ports/store.ts';
import type { Sql } from './connection.ts';
import { type MessageRow, messageColumns, toEntry } from './message-rows.ts';
import { requireMember } from './room-reads.ts';

export interface FoundHistory {
  /** Oldest first. */
  readonly messages: readonly HistoryMessage[];
  readonly damaged: readonly DamagedMessage[];
  readonly hasMore: boolean;
}

type Row = MessageRow & {
  readonly stream: string;
  readonly deliveredAtMs: number | null;
  /** Rows of the page, and one more if there is one, before it was cut to `bytesMax`. */
  readonly found: number;
};

type Direction = 'ASC' | 'DESC';

/** Above all ids, and within the numbers that a `bigint` and JavaScript have in common. */
const idMax = Number.MAX_SAFE_INTEGER;

/** Cuts a page to about so many bytes. Lengths are summed up without reading the contents. */
const cutTo = (bytesMax: string, page: string, direction: Direction): string => `
  SELECT stream, ${messageColumns}, found, (
    SELECT delivered_at FROM deliveries AS d
    WHERE room_id IS NULL AND d.stream = sized.stream AND d.seq >= sized.seq ORDER BY d.seq LIMIT 1) AS "deliveredAtMs"
  FROM (
    SELECT *, count(*) OVER () AS found, sum(octet_length(content)) OVER (ORDER BY id ${direction}) - octet_length(content) AS bytes_before
    FROM (${page}) AS page) AS sized
  WHERE bytes_before <= ${bytesMax} ORDER BY id ${direction}`;

/** The history of a room is its log: a deleted room with the same name left what lies at or below `trimmed_seq`. */
const timelineText = (direction: Direction): string =>
  cutTo(
    '$5',
    `SELECT * FROM messages
     WHERE stream = $1 AND seq >= (SELECT parley_first_seq_above($1, $2)) AND seq < (SELECT parley_first_seq_above($1, $3::bigint - 1))
     ORDER BY seq ${direction} LIMIT $4`,
    direction,
  );

/** What each of two users has sent to the other, in the order in which it was stored; one user's notes to itself are found once. */
const conversationText = (direction: Direction): string => {
  const sent = (stream: string, sender: string, condition: string): string => `
    (SELECT * FROM messages
     WHERE stream = ${stream} AND sender_id = ${sender} AND recipient_id IS NOT NULL AND id > $3 AND id < $4 ${condition}
     ORDER BY id ${direction} LIMIT $5)`;
  const both = `${sent("'user:' || $1::text", '$2::text', '')} UNION ALL ${sent("'user:' || $2::text", '$1::text', 'AND $1 <> $2')}`;
  return cutTo('$6', `SELECT * FROM (${both}) AS both_ways ORDER BY id ${direction} LIMIT $5`, direction);
};

export async function readHistory(sql: Sql, query: HistoryQuery): Promise<FoundHistory> {
  const { userId, of, limit, bytesMax } = query;
  const direction = query.afterId === undefined ? 'DESC' : 'ASC';
  const bounds = [clampId(query.afterId ?? 0), clampId(query.beforeId ?? idMax), limit + 1, bytesMax];
  if ('roomId' in of) await requireMember(sql, of.roomId, userId);
  const rows = await sql.query<Row>(
    'roomId' in of
      ? { name: `timeline_${direction}`, text: timelineText(direction), values: [timelineOf(of.roomId), ...bounds] }
      : { name: `conversation_${direction}`, text: conversationText(direction), values: [userId, of.withUserId, ...bounds] },
  );
  const { messages, ...rest } = cut(rows, query);
  return { messages: direction === 'DESC' ? messages.toReversed() : messages, ...rest };
}

const clampId = (id: number): number => Math.min(Math.max(Math.trunc(id), 0), idMax);

/** The first rows that are within the bounds of the page. */
function cut(rows: readonly Row[], { limit, bytesMax }: HistoryQuery): FoundHistory {
  const messages: HistoryMessage[] = [];
  const damaged: DamagedMessage[] = [];
  let bytes = 0;
  for (const { stream, deliveredAtMs, found: _, ...row } of rows) {
    if (messages.length + damaged.length === limit) return { messages, damaged, hasMore: true };
    const entry = toEntry(stream, row);
    if ('damaged' in entry) {
      damaged.push(entry);
      continue;
    }
    bytes += Buffer.byteLength(entry.content);
    if (messages.length > 0 && bytes > bytesMax) return { messages, damaged, hasMore: true };
    messages.push({ ...entry, deliveredAtMs: deliveredAtMs ?? undefined });
  }
  return { messages, damaged, hasMore: rows.length < (rows[0]?.found ?? 0) };
}
