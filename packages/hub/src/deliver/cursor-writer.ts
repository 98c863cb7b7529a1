/**
 * Collects acknowledgements and writes them to the store in batches, since each write is a synced commit: the first one after a pause is
 * written at once, later ones once per interval. Of each cursor only the highest position is kept.
 * If a batch is lost no message is lost: what it acknowledged is delivered again.
 */
import type { Clock } from '../lib/clock.ts';
import type { CursorAdvance, DeliveryReceipt, ReaderId, Store, StreamId, StreamPosition } from '../ports/store.ts';

const retryMs = 1000;
/** From one write to the next. Receipts reach their senders later by as much. */
const intervalMs = 50;

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
  #lastWriteMs = Number.NEGATIVE_INFINITY;
  #endPause = (): void => {};

  constructor(ports: CursorWriterPorts) {
    this.#ports = ports;
  }

  advance(advance: CursorAdvance): void {
    this.#keep(advance);
    if (this.#running === undefined) this.#schedule();
  }

  /**
   * What a reader that closes has acknowledged and is not on disk yet: a hub that dies now delivers it again. It is written
   * without waiting for the interval, since the reader may be back soon.
   */
  unwritten(reader: ReaderId): readonly StreamPosition[] {
    const key = keyOf(reader);
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) this.#hurry();
    return [...(this.#writing.get(key)?.values() ?? []), ...(waiting?.values() ?? [])];
  }

  /** Resolves when everything handed in so far was written, or could not be. */
  async flush(): Promise<void> {
    this.#hurry();
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
    this.#running = this.#pause()
      .then(() => this.#write())
      .finally(() => {
        this.#running = undefined;
        if (this.#waiting.size > 0) this.#schedule();
      });
  }

  /** Resolves at the end of a turn, when the interval has passed. */
  #pause(): Promise<void> {
    const { clock } = this.#ports;
    const pauseMs = this.#lastWriteMs + intervalMs - clock.monotonic();
    return new Promise((resolve) => {
      if (pauseMs <= 0) return clock.endOfTurn(resolve);
      const cancel = clock.after(pauseMs, resolve);
      this.#endPause = () => {
        this.#endPause = () => {};
        cancel();
        clock.endOfTurn(resolve);
      };
    });
  }

  /** The next write does not wait for the interval. */
  #hurry(): void {
    this.#lastWriteMs = Number.NEGATIVE_INFINITY;
    this.#endPause();
  }

  async #write(): Promise<void> {
    this.#endPause = () => {};
    this.#lastWriteMs = this.#ports.clock.monotonic();
    this.#writing = this.#waiting;
    this.#waiting = new Map();
    const batch = [...this.#writing.values()].flatMap((ofReader) => [...ofReader.values()]);
    try {
      this.#ports.onReceipts(await this.#ports.store.advance(batch, this.#ports.clock.now()));
    } catch {
      // A full disk or a busy store: the acknowledgements stay true, so they are tried again. The store reports its own failure.
      await new Promise<void>((resolve) => this.#ports.clock.after(retryMs, resolve));
      for (const advance of batch) this.#keep(advance);
    }
    this.#writing = new Map();
  }
}

/** JSON keeps the parts apart whatever characters they contain. */
const keyOf = ({ userId, deviceId }: ReaderId): string => JSON.stringify([userId, deviceId]);
