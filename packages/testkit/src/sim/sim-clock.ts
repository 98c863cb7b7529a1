/**
 * Virtual time. What happens at one moment is one turn of the event loop:
 *
 *     the events that are due, each with its microtasks ─► the ends of the turn, each with its microtasks
 *
 * Events of one moment run in the order in which they were scheduled, so a run is the same every time.
 */
import type { Cancel, Clock } from '@parley/hub/testing';
import { EventQueue } from './event-queue.ts';

/** An arbitrary day; nothing depends on it. */
const wallStartMs = 1_764_000_000_000;

export class SimClock implements Clock {
  readonly #events = new EventQueue();
  #nowMs = 0;
  #wallOffsetMs = 0;
  #turnEnds: (() => void)[] = [];

  now(): number {
    return wallStartMs + this.#wallOffsetMs + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  /** Times are whole milliseconds, so that things often happen in one turn. */
  after(delayMs: number, callback: () => void): Cancel {
    return this.#events.add(this.#nowMs + Math.max(0, Math.ceil(delayMs)), callback);
  }

  endOfTurn(callback: () => void): void {
    this.#turnEnds.push(callback);
  }

  /** Somebody sets the machine's time. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  get waiting(): number {
    return this.#events.size;
  }

  /** Goes to the next moment at which something is due and runs its turn. False: nothing is due any more. */
  async runTurn(): Promise<boolean> {
    const due = this.#events.takeDue();
    if (due === undefined) return false;
    this.#nowMs = due.atMs;
    for (const event of due.events) {
      if (event.isCancelled) continue;
      event.callback();
      await microtasksDone();
    }
    await this.#endTurn();
    return true;
  }

  async #endTurn(): Promise<void> {
    while (this.#turnEnds.length > 0) {
      const callbacks = this.#turnEnds;
      this.#turnEnds = [];
      for (const callback of callbacks) {
        callback();
        await microtasksDone();
      }
    }
  }
}

/** The time of one process: after its end nothing calls back any more. */
export class ProcessClock implements Clock {
  readonly #clock: SimClock;
  /** Each process counts from a start of its own. */
  readonly #startMs: number;
  #isOver = false;

  constructor(clock: SimClock) {
    this.#clock = clock;
    this.#startMs = clock.monotonic();
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic() - this.#startMs;
  }

  after(delayMs: number, callback: () => void): Cancel {
    return this.#clock.after(delayMs, () => this.#run(callback));
  }

  endOfTurn(callback: () => void): void {
    this.#clock.endOfTurn(() => this.#run(callback));
  }

  end(): void {
    this.#isOver = true;
  }

  #run(callback: () => void): void {
    if (!this.#isOver) callback();
  }
}

/** There is no other I/O in a simulation, so by the real loop's next turn all microtasks have run. */
function microtasksDone(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
