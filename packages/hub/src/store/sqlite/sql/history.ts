/**
 * Pages of the history. Damaged messages are left out and named by their `seq`. Where a page of the file can't be read, the rows
 * are taken one by one.
 */
import type { Database } from 'better-sqlite3';
import { type DamagedMessage, type HistoryMessage, type HistoryQuery, placeOf, timelineOf } from '../../../ports/store.ts';
import type { PackedHistory, Reads } from '../thread/calls.ts';
import { unpackMessage } from '../thread/pack.ts';
import type { Access } from './access.ts';
import { createConversation } from './conversation.ts';
import type { HistoryRow, HistoryRows } from './history-rows.ts';
import { verified } from './message-rows.ts';
import { isDamage } from './sqlite.ts';
import { createTimeline } from './timeline.ts';

export function createHistory(db: Database, access: Access): Reads['history'] {
  const timeline = createTimeline(db);
  const conversation = createConversation(db);

  const rowsOf = ({ userId, of }: HistoryQuery): HistoryRows => {
    if ('withUserId' in of) return conversation(userId, of.withUserId);
    access.requireMember(of.roomId, userId);
    return timeline(timelineOf(of.roomId));
  };

  return (query) => {
    const order = query.afterId === undefined ? 'newest' : 'oldest';
    const range = { afterId: query.afterId ?? 0, beforeId: query.beforeId ?? Number.MAX_SAFE_INTEGER };
    const history = rowsOf(query);
    const page = (): PackedHistory => {
      try {
        return cut(history.rows(range, order, query.limit + 1), query);
      } catch (error) {
        if (!isDamage(error)) throw error;
        return cut(history.rowByRow(range, order, query.limit + 1), query);
      }
    };
    const { messages, ...rest } = page();
    return { messages: order === 'newest' ? messages.toReversed() : messages, ...rest };
  };
}

/** The first rows that are within the bounds of the page. */
function cut(rows: Iterable<HistoryRow>, { limit, bytesMax }: HistoryQuery): PackedHistory {
  const messages: HistoryMessage[] = [];
  const damaged: Pick<DamagedMessage, 'stream' | 'seq'>[] = [];
  let bytes = 0;
  for (const { stream, seq, row, deliveredAtMs } of rows) {
    if (messages.length + damaged.length === limit) return { messages, damaged, hasMore: true };
    const found = verified(stream, seq, row);
    if (found.length === 1) {
      damaged.push({ stream, seq });
      continue;
    }
    bytes += Buffer.byteLength(found[4]);
    if (messages.length > 0 && bytes > bytesMax) return { messages, damaged, hasMore: true };
    messages.push({
      ...unpackMessage(stream, placeOf(stream), found),
      deliveredAtMs: typeof deliveredAtMs === 'number' ? deliveredAtMs : undefined,
    });
  }
  return { messages, damaged, hasMore: false };
}
