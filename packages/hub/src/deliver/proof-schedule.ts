/**
 * Reminds readers of proofs that had to wait, with one timer for all of them, in the order in which they asked.
 *
 * A proof costs as much as several deliveries (a pong to read, a cursor to write), so there are so many in a second and no more: with
 * thousands of busy connections each one's come less often, and what a crash makes the hub deliver again grows to some seconds.
 */
import type { Clock } from '../lib/clock.ts';

/** A proof waits until a second has passed since the last one; a quarter more is not felt. */
const tickMs = 250;
const proofsPerTickMax = 500;

interface ProvingReader {
  onProofDue(): void;
}

export class ProofSchedule {
  readonly #clock: Clock;
  readonly #waiting = new Set<ProvingReader>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly later = (reader: ProvingReader): void => {
    if (this.#waiting.size === 0) this.#arm();
    this.#waiting.add(reader);
  };

  #arm(): void {
    this.#clock.after(tickMs, () => this.#tick());
  }

  #tick(): void {
    const due = [...this.#waiting].slice(0, proofsPerTickMax);
    for (const reader of due) this.#waiting.delete(reader);
    // Before those who ask again, so that there is one timer.
    if (this.#waiting.size > 0) this.#arm();
    for (const reader of due) reader.onProofDue();
  }
}
