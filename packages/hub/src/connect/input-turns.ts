/**
 * Shares the turns of the event loop among the sessions that have sent something.
 *
 * Input is handled as it is read until the turn's time for it is used up. What comes then waits for the next turn, which begins with
 * those that wait: first registered clients, then strangers, who have a small time of their own, each for some packets and then the next.
 * So whoever sends without end delays the others by a turn, not by all that it has sent.
 */
import type { Clock } from '../lib/clock.ts';

/** Time for input in one turn. Deliveries, the store's answers and the timers come between turns. */
const turnMs = 8;
/** What strangers get of a turn in any case. */
const strangersMs = 2;
/** Reading the clock for each packet would be felt. */
const packetsPerLook = 8;
/** A packet of this length takes about twice the time of an empty one. */
const lengthPerPacket = 8192;
/** What a session that waits may have handled before the next one. */
const packetsPerVisit = 16;

/** A session whose packets wait for their turn. */
export interface InputInLine {
  /** The client has registered. */
  readonly isIdentified: boolean;
  /** Handles up to `packetsMax` packets while `hasTime`. Returns whether it wants another turn. */
  run(packetsMax: number): boolean;
}

export class InputTurns {
  readonly #clock: Clock;
  readonly #queues: { registered: InputInLine[]; strangers: InputInLine[] } = { registered: [], strangers: [] };
  #number = 0;
  #isOpen = false;
  #startMs = 0;
  #endMs = 0;
  /** Packets since the clock was read. */
  #unlooked = 0;
  #isSpent = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the turn began (monotonic). */
  get nowMs(): number {
    this.#open();
    return this.#startMs;
  }

  /** The number of this turn. */
  current(): number {
    this.#open();
    return this.#number;
  }

  /** Whether one more packet, of `length` characters or bytes, may be handled in this turn. */
  hasTime(length: number): boolean {
    if (this.#isSpent) return false;
    this.#unlooked += 1 + length / lengthPerPacket;
    if (this.#unlooked >= packetsPerLook) {
      this.#unlooked = 0;
      this.#isSpent = this.#clock.monotonic() >= this.#endMs;
    }
    return !this.#isSpent;
  }

  /** Gives the session a place in the next turn. The caller sees to it that it has one at most. */
  queue(intake: InputInLine): void {
    this.#open();
    this.#queueOf(intake).push(intake);
  }

  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#number += 1;
    this.#startMs = this.#clock.monotonic();
    this.#give(this.#startMs + turnMs);
    this.#clock.endOfTurn(() => this.#end());
  }

  #give(untilMs: number): void {
    this.#endMs = untilMs;
    this.#isSpent = false;
  }

  #end(): void {
    this.#isOpen = false;
    const { registered, strangers } = this.#queues;
    if (registered.length + strangers.length === 0) return;
    this.#open();
    this.#queues.registered = [];
    this.#queues.strangers = [];
    this.#queues.registered.unshift(...this.#visit(registered));
    this.#give(Math.max(this.#endMs, this.#clock.monotonic() + strangersMs));
    this.#queues.strangers.unshift(...this.#visit(strangers));
  }

  /** One after the other, again and again, until the time is up. Returns those that still wait, the next one first. */
  #visit(intakes: readonly InputInLine[]): InputInLine[] {
    let round = intakes;
    for (;;) {
      const again: InputInLine[] = [];
      for (const [index, intake] of round.entries()) {
        if (this.#isSpent) return [...round.slice(index), ...again];
        if (intake.run(packetsPerVisit)) again.push(intake);
      }
      if (again.length === 0) return again;
      round = again;
    }
  }

  #queueOf(intake: InputInLine): InputInLine[] {
    return intake.isIdentified ? this.#queues.registered : this.#queues.strangers;
  }
}
