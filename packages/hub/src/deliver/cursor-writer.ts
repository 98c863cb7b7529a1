/**
 * Collects proofs of receipt and writes them to the store in batches. While a write runs the next batch
 * gathers, and of each cursor only the highest position is kept, so a flood of proofs costs one row per cursor.
 * Losing a batch loses no message: what it would have proved is delivered again.
 */
import type { Clock } from '../lib/clock.ts';
import type { CursorAdvance, DeliveryReceipt, ReaderId, Store, StreamId, StreamPosition } from '../ports/store.ts';

const retryMs = 1000;

export interface CursorWriterPorts {
  readonly store: Pick<Store, 'advance'>;
  readonly clock: Clock;
  readonly onReceipts: (receipts: readonly DeliveryReceipt[]) => void;
}

/** By reader, then by stream. */
type Advances = Map<string, Map<StreamId, CursorAdvance>>;

export class CursorWriter {
  readonly #ports: CursorWriterPorts;
  #waiting: Advances = new Map();
  #writing: Advances = new Map();
  #running: Promise<void> | undefined;

  constructor(ports: CursorWriterPorts) {
    this.#ports = ports;
  }

  advance(advance: CursorAdvance): void {
    this.#keep(advance);
    if (this.#running === undefined) this.#schedule();
  }

  /** What was proved by this reader and is not on disk yet: a hub that dies now delivers it again. */
  *pending(reader: ReaderId): Iterable<StreamPosition> {
    const key = keyOf(reader);
    yield* this.#writing.get(key)?.values() ?? [];
    yield* this.#waiting.get(key)?.values() ?? [];
  }

  /** Resolves when everything handed in so far was written, or could not be. */
  async flush(): Promise<void> {
    await this.#running;
    if (this.#waiting.size > 0) await this.#write();
  }

  #keep(advance: CursorAdvance): void {
    const key = keyOf(advance);
    const ofReader = this.#waiting.get(key) ?? new Map<StreamId, CursorAdvance>();
    const known = ofReader.get(advance.stream);
    if (known === undefined || known.seq < advance.seq) ofReader.set(advance.stream, advance);
    this.#waiting.set(key, ofReader);
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
    this.#writing = this.#waiting;
    this.#waiting = new Map();
    const batch = [...this.#writing.values()].flatMap((ofReader) => [...ofReader.values()]);
    try {
      this.#ports.onReceipts(await this.#ports.store.advance(batch, this.#ports.clock.now()));
    } catch {
      // A full disk or a busy store: the proofs stay true, so they are tried again. The store reports its own failure.
      await new Promise<void>((resolve) => this.#ports.clock.after(retryMs, resolve));
      for (const advance of batch) this.#keep(advance);
    }
    this.#writing = new Map();
  }
}

/** JSON keeps the parts apart whatever characters they contain. */
const keyOf = ({ userId, deviceId }: ReaderId): string => JSON.stringify([userId, deviceId]);
