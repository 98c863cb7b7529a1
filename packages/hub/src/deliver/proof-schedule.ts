/** Reminds readers of proofs that had to wait, with one timer for all of them. */
import type { Clock } from '../lib/clock.ts';

/** A proof waits until a second has passed since the last one; a quarter more is not felt. */
const tickMs = 250;

interface ProvingReader {
  onProofDue(): void;
}

export class ProofSchedule {
  readonly #clock: Clock;
  #waiting = new Set<ProvingReader>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly later = (reader: ProvingReader): void => {
    if (this.#waiting.size === 0) this.#clock.after(tickMs, () => this.#tick());
    this.#waiting.add(reader);
  };

  #tick(): void {
    const due = this.#waiting;
    this.#waiting = new Set();
    for (const reader of due) reader.onProofDue();
  }
}
