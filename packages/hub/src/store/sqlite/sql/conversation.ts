import type { Database } from 'better-sqlite3';
import { inboxOf } from '../../../ports/store.ts';
import type { HistoryRow, HistoryRows, IdRange } from './history-rows.ts';
import { messageColumns } from './message-rows.ts';
import { unlessDamaged } from './sqlite.ts';

type Bounds = IdRange & { readonly first: string; readonly second: string; readonly limit: number };

/** `messageColumns`, then the stream and when it was delivered. */
type Row = readonly unknown[];

const columns = `${messageColumns}, stream,
  (SELECT delivered_at FROM deliveries AS d WHERE d.stream = m.stream AND d.seq >= m.seq ORDER BY d.seq LIMIT 1)`;

/** How many messages of the two inboxes are looked at one by one. */
const lookedAtMax = 10_000;

/** The history of two users: what each has sent to the other, in the order in which it was stored. */
export function createConversation(db: Database): (userId: string, withUserId: string) => HistoryRows {
  const select = (direction: 'ASC' | 'DESC') =>
    db
      .prepare<Bounds, Row>(`
        SELECT ${columns} FROM messages AS m
        WHERE recipient_id IS NOT NULL
          AND min(sender_id, recipient_id) = min(CAST(@first AS TEXT), CAST(@second AS TEXT))
          AND max(sender_id, recipient_id) = max(CAST(@first AS TEXT), CAST(@second AS TEXT))
          AND id > CAST(@afterId AS INTEGER) AND id < CAST(@beforeId AS INTEGER)
        ORDER BY id ${direction} LIMIT CAST(@limit AS INTEGER)`)
      .raw();
  // All of it is in the index, so it is found where a row can't be read.
  const selectPlaces = (direction: 'ASC' | 'DESC') =>
    db.prepare<Omit<Bounds, 'limit'>, Place>(`
      SELECT stream, seq, id FROM messages INDEXED BY messages_by_stream
      WHERE stream IN ('user:' || @first, 'user:' || @second) AND id > CAST(@afterId AS INTEGER) AND id < CAST(@beforeId AS INTEGER)
      ORDER BY id ${direction} LIMIT ${lookedAtMax}`);
  const whole = { oldest: select('ASC'), newest: select('DESC') };
  const places = { oldest: selectPlaces('ASC'), newest: selectPlaces('DESC') };
  const one = db.prepare<[number], Row>(`SELECT ${columns} FROM messages AS m WHERE id = ?`).raw();

  return (userId, withUserId) => ({
    *rows(range, order, limit) {
      for (const row of whole[order].iterate({ first: userId, second: withUserId, limit, ...range })) {
        // A damaged index may lead to a message of others.
        if (isBetween(row, userId, withUserId)) yield historyRow(row);
      }
    },
    *rowByRow(range, order, limit) {
      let count = 0;
      for (const { stream, seq, id } of places[order].all({ first: userId, second: withUserId, ...range })) {
        const row = unlessDamaged(() => one.get(id));
        // It is not known whose message an unreadable row is, so it is reported as damaged in either case.
        if (row !== undefined && !isBetween(row, userId, withUserId)) continue;
        yield row === undefined ? { stream, seq, row: [], deliveredAtMs: undefined } : historyRow(row);
        count += 1;
        if (count === limit) return;
      }
    },
  });
}

interface Place {
  readonly stream: string;
  readonly seq: number;
  readonly id: number;
}

const historyRow = (row: Row): HistoryRow => ({ stream: String(row[9]), seq: Number(row[1]), row, deliveredAtMs: row[10] });

function isBetween(row: Row, userId: string, withUserId: string): boolean {
  const [senderId, stream] = [row[2], row[9]];
  return (senderId === userId && stream === inboxOf(withUserId)) || (senderId === withUserId && stream === inboxOf(userId));
}
