/**
 * How much may wait for slow connections, one by one and all together (I6).
 *
 * - Each connection may hold the floor, whatever the others hold. So those who read nothing can't keep anybody from what is
 *   published or from what waits in the log.
 * - Above the floor it may hold as much as its high-water mark, but no more than what the hub's total leaves free. So when memory
 *   becomes scarce, those that hold the most fall behind first and the others go on: with n slow readers each ends up with
 *   about total/(n+1), although nobody counts them.
 *
 * Together they hold at most the total plus the floor of each connection. A packet that is larger is sent when nothing else waits.
 */
export interface OutboxMarks {
  readonly floorBytes: number;
  readonly highWaterBytes: number;
  readonly lowWaterBytes: number;
  /** Of all connections together. */
  readonly totalBytesMax: number;
  /** A connection that holds more is cut. */
  readonly connectionBytesMax: number;
}

export class OutboxBudget {
  readonly #marks: OutboxMarks;
  readonly #usedBytes: () => number;

  /** `usedBytes`: what waits now, over all connections. */
  constructor(marks: OutboxMarks, usedBytes: () => number) {
    this.#marks = marks;
    this.#usedBytes = usedBytes;
  }

  get floorBytes(): number {
    return this.#marks.floorBytes;
  }

  /** The largest message that an outbox can take without its connection being cut, however much it may hold already. */
  get messageBytesMax(): number {
    return this.#marks.connectionBytesMax - this.#marks.highWaterBytes;
  }

  /** Whether a connection that holds `bufferedBytes` may be given so much more. */
  fits(bytes: number, bufferedBytes: number): boolean {
    const heldBytes = bufferedBytes + bytes;
    // The fast path: this is called for each receiver of each message, and almost always little waits.
    return heldBytes <= this.#marks.floorBytes || heldBytes <= this.#sharedBytes();
  }

  /** How much more a connection that holds `bufferedBytes` may be given. */
  roomFor(bufferedBytes: number): number {
    return Math.max(0, Math.max(this.#marks.floorBytes, this.#sharedBytes()) - bufferedBytes);
  }

  /**
   * How large a page of the log may be for a connection that holds `bufferedBytes`; 0: not now. When memory is scarce it gets what is
   * left of its floor, unless that is little: a page costs the same however few messages it brings.
   */
  pageBytes(bufferedBytes: number): number {
    if (this.isAboveLowWater(bufferedBytes)) return 0;
    const room = this.roomFor(bufferedBytes);
    return room >= this.#marks.floorBytes / 2 ? room : 0;
  }

  /** If so, `onDrain` is called once it no longer is. */
  isAboveLowWater(bufferedBytes: number): boolean {
    return bufferedBytes > this.#marks.lowWaterBytes;
  }

  /** What one connection may take of the part that all share. */
  #sharedBytes(): number {
    return Math.min(this.#marks.highWaterBytes, this.#marks.totalBytesMax - this.#usedBytes());
  }
}
