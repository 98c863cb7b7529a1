/**
 * Coalesces writes: everything that a session was given in one turn of the event loop leaves in one
 * write at the end of it. A busy server saves most of its system calls by this, an idle one waits for nothing.
 */
import type { Clock } from '../lib/clock.ts';
import type { Outgoing } from './outgoing.ts';

export interface Flushable {
  flush(): void;
}

/** A room of ten thousand takes 100 ms to write to; heartbeats and other rooms wait no longer than this for it. */
const sliceMs = 4;
/** Reading the clock for each write would be felt. */
const flushesPerLook = 16;

export class Flusher {
  readonly joiner = new FrameJoiner();
  readonly #clock: Clock;
  #dirty: Flushable[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has `flush` called at the end of the turn. The caller sees to it that it is called once. */
  mark(item: Flushable): void {
    if (this.#dirty.push(item) === 1) this.#clock.endOfTurn(() => this.#run());
  }

  #run(): void {
    const endMs = this.#clock.monotonic() + sliceMs;
    const dirty = this.#dirty;
    // What is queued from inside `flush` is for the next turn.
    this.#dirty = [];
    let flushed = 0;
    for (const item of dirty) {
      if (flushed > 0 && flushed % flushesPerLook === 0 && this.#clock.monotonic() >= endMs) break;
      flushed += 1;
      item.flush();
    }
    this.joiner.forget();
    if (flushed === dirty.length) return;
    const isScheduled = this.#dirty.length > 0;
    this.#dirty = [...dirty.slice(flushed), ...this.#dirty];
    if (!isScheduled) this.#clock.endOfTurn(() => this.#run());
  }
}

/**
 * Makes one buffer of the frames of several packets. A burst to a room gives all its members the same
 * packets in the same order, so the last result is kept until the turn is over: most sessions then share one.
 */
export class FrameJoiner {
  #packets: readonly Outgoing[] = [];
  #joined: Buffer = Buffer.alloc(0);

  join(packets: readonly Outgoing[]): Buffer {
    if (!this.#isLast(packets)) {
      this.#joined = Buffer.concat(packets.map((packet) => packet.frames));
      this.#packets = packets;
    }
    return this.#joined;
  }

  forget(): void {
    this.#packets = [];
    this.#joined = Buffer.alloc(0);
  }

  #isLast(packets: readonly Outgoing[]): boolean {
    return packets.length === this.#packets.length && packets.every((packet, index) => packet === this.#packets[index]);
  }
}
