/**
 * Collects proofs of receipt and writes them to the store in batches. While a write runs the next batch
 * gathers, and of each cursor only the highest position is kept, so a flood of proofs costs one row per cursor.
 * Losing a batch loses no message: what it would have proved is delivered again.
 */
import type { Clock } from '../lib/clock.ts';
import type { CursorAdvance, DeliveryReceipt, Store } from '../ports/store.ts';

const retryMs = 1000;

export interface CursorWriterPorts {
  readonly store: Pick<Store, 'advance'>;
  readonly clock: Clock;
  readonly onReceipts: (receipts: readonly DeliveryReceipt[]) => void;
}

export class CursorWriter {
  readonly #ports: CursorWriterPorts;
  #waiting = new Map<string, CursorAdvance>();
  #running: Promise<void> | undefined;

  constructor(ports: CursorWriterPorts) {
    this.#ports = ports;
  }

  advance(advance: CursorAdvance): void {
    this.#keep(advance);
    if (this.#running === undefined) this.#schedule();
  }

  /** Resolves when everything handed in so far was written, or could not be. */
  async flush(): Promise<void> {
    await this.#running;
    if (this.#waiting.size > 0) await this.#write();
  }

  #keep(advance: CursorAdvance): void {
    // JSON keeps the three parts apart whatever characters they contain.
    const key = JSON.stringify([advance.userId, advance.deviceId, advance.stream]);
    const known = this.#waiting.get(key);
    if (known === undefined || known.seq < advance.seq) this.#waiting.set(key, advance);
  }

  #schedule(): void {
    this.#running = new Promise<void>((resolve) => this.#ports.clock.endOfTurn(resolve))
      .then(() => this.#write())
      .finally(() => {
        this.#running = undefined;
        if (this.#waiting.size > 0) this.#schedule();
      });
  }

  async #write(): Promise<void> {
    const batch = [...this.#waiting.values()];
    this.#waiting = new Map();
    try {
      this.#ports.onReceipts(await this.#ports.store.advance(batch, this.#ports.clock.now()));
    } catch {
      // A full disk or a busy store: the proofs stay true, so they are tried again. The store reports its own failure.
      await new Promise<void>((resolve) => this.#ports.clock.after(retryMs, resolve));
      for (const advance of batch) this.#keep(advance);
    }
  }
}
