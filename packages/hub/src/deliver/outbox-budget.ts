/**
 * How much may wait for slow connections, one by one and all together (I6).
 *
 * One connection may hold up to its high-water mark, but no more than what the hub's total leaves free. So when memory
 * becomes scarce, those that hold the most are sent to the log first and the others go on: with n slow readers
 * each ends up with about total/(n+1), without anyone counting them.
 */
export interface OutboxMarks {
  readonly highWaterBytes: number;
  readonly lowWaterBytes: number;
  /** Of all connections together. */
  readonly totalBytesMax: number;
}

export class OutboxBudget {
  readonly #marks: OutboxMarks;
  readonly #usedBytes: () => number;

  /** `usedBytes`: what waits now, over all connections. */
  constructor(marks: OutboxMarks, usedBytes: () => number) {
    this.#marks = marks;
    this.#usedBytes = usedBytes;
  }

  /** Whether a connection that holds `bufferedBytes` has to leave live mode. */
  isOver(bufferedBytes: number): boolean {
    // Asked for each receiver of each message, and almost always nothing waits.
    return bufferedBytes > 0 && bufferedBytes > Math.min(this.#marks.highWaterBytes, this.#freeBytes());
  }

  /** Whether a connection that holds `bufferedBytes` can take a page of the log. If not, `onDrain` tells when. */
  canTake(bufferedBytes: number): boolean {
    return bufferedBytes <= this.#marks.lowWaterBytes;
  }

  /** Whether there is room for one more page at all. */
  hasRoom(): boolean {
    return this.#freeBytes() > 0;
  }

  #freeBytes(): number {
    return Math.max(0, this.#marks.totalBytesMax - this.#usedBytes());
  }
}
