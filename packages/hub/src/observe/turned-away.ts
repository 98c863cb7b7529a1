import type { Cancel, Clock } from '../lib/clock.ts';
import { every } from '../lib/every.ts';
import type { Log } from '../ports/log.ts';

const reportIntervalMs = 60_000;

/** Counts what was refused or closed to protect the others, and says so in the log at most once a minute. */
export class TurnedAway {
  readonly stop: Cancel;
  readonly #total = new Map<string, number>();
  #sinceReport = new Map<string, number>();

  constructor(clock: Clock, log: Log) {
    this.stop = every(clock, reportIntervalMs, () => this.#report(log));
  }

  count(reason: string): void {
    for (const counts of [this.#total, this.#sinceReport]) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }

  /** Since the start. */
  of(reason: string): number {
    return this.#total.get(reason) ?? 0;
  }

  /** All refusals since the start. */
  get refused(): number {
    let sum = 0;
    for (const [reason, count] of this.#total) if (reason !== 'displaced') sum += count;
    return sum;
  }

  #report(log: Log): void {
    if (this.#sinceReport.size === 0) return;
    const counts = this.#sinceReport;
    this.#sinceReport = new Map();
    log.warn({ counts: Object.fromEntries(counts) }, 'Connections were refused, or closed before they registered, in the last minute.');
  }
}
