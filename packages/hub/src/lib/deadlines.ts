/**
 * One time-out for any number of items: since the delay is the same for all, the order in which they
 * were started is the order in which they are due, so one timer for the first one is enough, and starting
 * or stopping an item costs the same whatever their number.
 */
import type { Cancel, Clock } from './clock.ts';

export class Deadlines<T> {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #onDue: (item: T) => void;
  /** Insertion order is the order of the deadlines. */
  readonly #dueMs = new Map<T, number>();
  #cancelTimer: Cancel | undefined;

  /** `onDue` is called once for an item, `delayMs` after its last `start`, unless it was stopped. It must not throw. */
  constructor(clock: Clock, delayMs: number, onDue: (item: T) => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#onDue = onDue;
  }

  /** Starts the item's time, again if it was started before. */
  start(item: T): void {
    this.#dueMs.delete(item);
    this.#dueMs.set(item, this.#clock.monotonic() + this.#delayMs);
    if (this.#cancelTimer === undefined) this.#arm(this.#delayMs);
  }

  stop(item: T): void {
    if (!this.#dueMs.delete(item) || this.#dueMs.size > 0) return;
    // An idle timer would keep the process alive.
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #arm(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#run());
  }

  #run(): void {
    this.#cancelTimer = undefined;
    const now = this.#clock.monotonic();
    for (const [item, dueMs] of this.#dueMs) {
      if (dueMs > now) {
        this.#arm(dueMs - now);
        return;
      }
      this.#dueMs.delete(item);
      this.#onDue(item);
    }
  }
}
