import type { Cancel, Clock } from './clock.ts';

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to move, for tests. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #startMs: number;
  readonly #timers = new Set<Timer>();
  #turn: (() => void)[] = [];

  constructor(startMs = 1_764_000_000_000) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Cancel {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  endOfTurn(callback: () => void): void {
    this.#turn.push(callback);
  }

  /** How many timers are waiting. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** Ends the turn: runs what waits for it, and what that adds. */
  endTurn(): void {
    while (this.#turn.length > 0) {
      const callbacks = this.#turn;
      this.#turn = [];
      for (const callback of callbacks) callback();
    }
  }

  /** Moves time forward, running each timer at its own moment, in order, and ending the turn after each. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    this.endTurn();
    for (let timer = this.#nextTimer(untilMs); timer !== undefined; timer = this.#nextTimer(untilMs)) {
      this.#timers.delete(timer);
      this.#nowMs = timer.atMs;
      timer.callback();
      this.endTurn();
    }
    this.#nowMs = untilMs;
  }

  #nextTimer(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= untilMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    return next;
  }
}
