import type { StreamId } from '../../../ports/store.ts';

/** Message ids lie in (afterId, beforeId). */
export interface IdRange {
  readonly afterId: number;
  readonly beforeId: number;
}

export interface HistoryRow {
  readonly stream: StreamId;
  readonly seq: number;
  /** Empty if it can't be read. */
  readonly row: readonly unknown[];
  readonly deliveredAtMs: unknown;
}

export type Order = 'oldest' | 'newest';

/** Rows of a history, from the end that the order says. `rowByRow` gives the same, also where pages of the file can't be read. */
export interface HistoryRows {
  rows(range: IdRange, order: Order, limit: number): Iterable<HistoryRow>;
  rowByRow(range: IdRange, order: Order, limit: number): Iterable<HistoryRow>;
}
