/**
 * Calls readers back for pings that had to wait, with one timer for all of them, in the order in which they asked.
 *
 * A ping and its pong cost as much as several deliveries (a packet to read, a cursor to write), so their number in a second is limited:
 * with thousands of busy connections each one is pinged less often, and a crash then makes the last few seconds be delivered again.
 */
import type { Clock } from '../lib/clock.ts';

/** Short beside the second from one ping of a connection to the next. */
const tickMs = 250;
const pingsPerTickMax = 500;

export interface Pinger {
  onPingDue(): void;
}

export class PingSchedule {
  readonly #clock: Clock;
  readonly #waiting = new Set<Pinger>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly later = (pinger: Pinger): void => {
    if (this.#waiting.size === 0) this.#arm();
    this.#waiting.add(pinger);
  };

  #arm(): void {
    this.#clock.after(tickMs, () => this.#tick());
  }

  #tick(): void {
    const due = [...this.#waiting].slice(0, pingsPerTickMax);
    for (const pinger of due) this.#waiting.delete(pinger);
    // Before those who ask again, so that there is one timer.
    if (this.#waiting.size > 0) this.#arm();
    for (const pinger of due) pinger.onPingDue();
  }
}
