/**
 * Spreads the clients that come all at once after a restart. New sessions get so much of each turn of the event
 * loop and the rest are asked to come back, which stock clients do, each after a time of its own. So those who
 * are connected are served in between, and the limit follows the machine: there is no rate to configure.
 */
import type { Clock } from '../lib/clock.ts';

/** What a new session does afterwards (upgrade, register, catch-up) takes about three times this. */
const turnShareMs = 30;
/** So many are always welcome: a hub that has just started is slow at first, and a small group is no crowd. */
const sessionsPerTurnMin = 200;

export class Admission {
  readonly #clock: Clock;
  /** When the first new session of this turn came. */
  #turnStartMs: number | undefined;
  #admittedInTurn = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether this turn has time for one more session. */
  admits(): boolean {
    const now = this.#clock.monotonic();
    if (this.#turnStartMs === undefined) {
      this.#turnStartMs = now;
      this.#admittedInTurn = 0;
      this.#clock.endOfTurn(() => {
        this.#turnStartMs = undefined;
      });
    }
    if (this.#admittedInTurn >= sessionsPerTurnMin && now - this.#turnStartMs >= turnShareMs) return false;
    this.#admittedInTurn += 1;
    return true;
  }
}
