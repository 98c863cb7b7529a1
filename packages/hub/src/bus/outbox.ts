/**
 * What one line has to send. Bounded: what the server has not taken counts, so one that is slow or frozen costs no more
 * memory than allowed. What is published in one turn of the event loop is sent together.
 */
import type { Clock } from '../lib/clock.ts';
import type { Line, Pace } from './line.ts';

interface Item {
  readonly payload: string;
  readonly bytes: number;
  /** Probes are no frames. */
  readonly frames: 0 | 1;
}

export interface OutboxOptions {
  readonly line: Line;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly waitingBytesMax: number;
  readonly onFailed: (error: unknown) => void;
}

export class Outbox {
  readonly #options: OutboxOptions;
  #waiting: Item[] = [];
  /** Waiting or being sent. */
  readonly #held = { items: 0, frames: 0, bytes: 0 };
  #sends = 0;
  #isScheduled = false;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #isAbandoned = false;
  readonly #onIdle: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** False: there is no room. */
  push(item: Item): boolean {
    if (this.#isAbandoned || this.#held.bytes + item.bytes > this.#options.waitingBytesMax) return false;
    this.#waiting.push(item);
    this.#hold(item, 1);
    this.#schedule();
    return true;
  }

  /** Resolves when the server has taken everything, or the line was given up. */
  idle(): Promise<void> {
    if (this.#held.items === 0 || this.#isAbandoned) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** Sends nothing any more. Returns how many frames the server is not known to have taken. */
  abandon(): number {
    this.#isAbandoned = true;
    this.#waiting = [];
    this.#tellIdle();
    return this.#held.frames;
  }

  #schedule(): void {
    const { clock, pace } = this.#options;
    if (this.#isScheduled || this.#waiting.length === 0 || this.#sends >= pace.sendsMax) return;
    this.#isScheduled = true;
    const delayMs = this.#notBeforeMs - clock.monotonic();
    const run = (): void => {
      this.#isScheduled = false;
      this.#send();
    };
    if (delayMs > 0) clock.after(delayMs, run);
    else clock.endOfTurn(run);
  }

  #send(): void {
    if (this.#isAbandoned) return;
    const { clock, line, pace, onFailed } = this.#options;
    const items = this.#take();
    this.#notBeforeMs = clock.monotonic() + pace.pauseMs;
    this.#sends += 1;
    line.send(items.map(({ payload }) => payload)).then(
      () => {
        this.#sends -= 1;
        for (const item of items) this.#hold(item, -1);
        if (this.#held.items === 0) this.#tellIdle();
        this.#schedule();
      },
      (error: unknown) => {
        if (!this.#isAbandoned) onFailed(error);
      },
    );
    this.#schedule();
  }

  #take(): readonly Item[] {
    const { sendPayloadsMax, sendBytesMax } = this.#options.pace;
    let count = 0;
    let bytes = 0;
    for (const item of this.#waiting) {
      bytes += item.bytes;
      if (count > 0 && (count >= sendPayloadsMax || bytes > sendBytesMax)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  #hold(item: Item, sign: 1 | -1): void {
    this.#held.items += sign;
    this.#held.frames += sign * item.frames;
    this.#held.bytes += sign * item.bytes;
  }

  #tellIdle(): void {
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
