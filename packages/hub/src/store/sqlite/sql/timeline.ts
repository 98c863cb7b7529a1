import type { Database } from 'better-sqlite3';
import type { StreamId } from '../../../ports/store.ts';
import type { HistoryRow, HistoryRows, IdRange, Order } from './history-rows.ts';
import { type MessageRow, messageColumns } from './message-rows.ts';
import { createNewestSeq, createTrimmedUpto } from './read-stream.ts';
import { textParameter, unlessDamaged } from './sqlite.ts';

/** The history of a room, which is its log. */
export function createTimeline(db: Database): (stream: StreamId) => HistoryRows {
  const seqsOf = createSeqsOf(db);
  const select = (direction: 'ASC' | 'DESC') =>
    db
      .prepare<[string, number, number, number], MessageRow>(`
        SELECT ${messageColumns}
        FROM messages WHERE stream = ${textParameter} AND seq >= ? AND seq < ? ORDER BY seq ${direction} LIMIT CAST(? AS INTEGER)`)
      .raw();
  const statements = { oldest: select('ASC'), newest: select('DESC') };
  const one = db.prepare<[string, number], MessageRow>(`SELECT ${messageColumns} FROM messages WHERE stream = ? AND seq = ?`).raw();

  return (stream) => ({
    *rows(range, order, limit) {
      const { first, end } = seqsOf(stream, range);
      for (const row of statements[order].iterate(stream, first, end, limit)) yield historyRow(stream, Number(row[1]), row);
    },
    *rowByRow(range, order, limit) {
      const { first, end } = seqsOf(stream, range);
      for (const seq of seqsInOrder(first, end, order, limit))
        yield historyRow(
          stream,
          seq,
          unlessDamaged(() => one.get(stream, seq)),
        );
    },
  });
}

function historyRow(stream: StreamId, seq: number, row: MessageRow | undefined): HistoryRow {
  return { stream, seq, row: row ?? [], deliveredAtMs: undefined };
}

function* seqsInOrder(first: number, end: number, order: Order, limit: number): Iterable<number> {
  const count = Math.min(limit, end - first);
  for (let index = 0; index < count; index += 1) yield order === 'oldest' ? first + index : end - 1 - index;
}

/** The `seq`s of a room's messages with ids in a range: [first, end). */
function createSeqsOf(db: Database): (stream: StreamId, range: IdRange) => { first: number; end: number } {
  const firstSeqAbove = createFirstSeqAbove(db);
  return (stream, { afterId, beforeId }) => ({ first: firstSeqAbove(stream, afterId), end: firstSeqAbove(stream, beforeId - 1) });
}

/** As far as the halving looks for a message that can be read. */
const unreadableMax = 200;

/**
 * The `seq` of a room's first message with an id above the given one, by halving: ids grow with `seq`, and a
 * room's log has no gaps. An index by (stream, id) would cost every append more than this costs a page.
 */
function createFirstSeqAbove(db: Database): (stream: StreamId, id: number) => number {
  const trimmedUpto = createTrimmedUpto(db);
  const newestSeq = createNewestSeq(db);
  const idAt = db.prepare<[string, number], { id: number }>('SELECT id FROM messages WHERE stream = ? AND seq = ?');

  const firstReadableId = (stream: StreamId, seq: number, end: number): number => {
    for (let next = seq; next < Math.min(end, seq + unreadableMax); next += 1) {
      const found = unlessDamaged(() => idAt.get(stream, next));
      if (found !== undefined) return found.id;
    }
    return Number.POSITIVE_INFINITY;
  };

  return (stream, id) => {
    let low = trimmedUpto(stream) + 1;
    let high = Math.max(newestSeq(stream), low - 1) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (firstReadableId(stream, middle, high) > id) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
