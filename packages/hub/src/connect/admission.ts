/**
 * Spreads the clients that come all at once after a restart. New sessions get so much of each turn of the event
 * loop and the rest are asked to come back, which stock clients do, each after a time of its own. So those who
 * are connected are served in between, and the limit follows the machine: there is no rate to configure.
 *
 * Whoever opens sessions without end uses up every turn. So some places are kept for addresses that had few in this turn.
 */
import type { Clock } from '../lib/clock.ts';

/** What a new session does afterwards (upgrade, register, catch-up) takes about three times this. */
const turnShareMs = 30;
/** So many are always welcome: a hub that has just started is slow at first, and a small group is no crowd. */
const sessionsPerTurnMin = 200;
/** Places that are kept, for addresses with fewer sessions in this turn than the second figure. */
const keptPerTurn = 50;
const fewPerAddress = 5;

export class Admission {
  readonly #clock: Clock;
  /** When the first new session of this turn came. */
  #turnStartMs: number | undefined;
  #admittedInTurn = 0;
  #keptTaken = 0;
  /** How many of them each address has. */
  readonly #bySubscriber = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether this turn has time for one more session of this subscriber, see `subscriberOf`. */
  admits(subscriber: string): boolean {
    const now = this.#clock.monotonic();
    const startMs = this.#turnStartMs ?? this.#startTurn(now);
    const ofSubscriber = this.#bySubscriber.get(subscriber) ?? 0;
    if (this.#admittedInTurn >= sessionsPerTurnMin && now - startMs >= turnShareMs) {
      if (ofSubscriber >= fewPerAddress || this.#keptTaken >= keptPerTurn) return false;
      this.#keptTaken += 1;
    }
    this.#admittedInTurn += 1;
    this.#bySubscriber.set(subscriber, ofSubscriber + 1);
    return true;
  }

  #startTurn(now: number): number {
    this.#turnStartMs = now;
    this.#clock.endOfTurn(() => {
      this.#turnStartMs = undefined;
      this.#admittedInTurn = 0;
      this.#keptTaken = 0;
      this.#bySubscriber.clear();
    });
    return now;
  }
}
