/**
 * Has the store remember what was written to connections that have closed and was not acknowledged.
 *
 * A reader stays open in the store until all its connections are closed and all of this is remembered. After a crash
 * everything counts as written to a reader that was open. So the writes of one reader's connections follow one another,
 * and the last of them closes the reader. One that the store refuses for the moment is tried again.
 */
import { type ErrorCode, HubError } from '@parley/protocol';
import type { Clock } from '../lib/clock.ts';
import type { ReaderId, Store, StreamPosition } from '../ports/store.ts';

/** After the store refused for the moment. */
const retryMs = 1000;
const passing: ReadonlySet<ErrorCode> = new Set(['overloaded', 'storage_full']);

export interface ClosedReaderPorts {
  readonly store: Pick<Store, 'closeReader'>;
  readonly clock: Clock;
  /** Whether another connection of this reader is open, or being opened. */
  readonly isOpen: (reader: ReaderId) => boolean;
}

export class ClosedReaders {
  readonly #ports: ClosedReaderPorts;
  /** The latest write of each reader, until it is done. */
  readonly #latest = new Map<string, Promise<void>>();
  #isSettling = false;

  constructor(ports: ClosedReaderPorts) {
    this.#ports = ports;
  }

  add({ userId, deviceId }: ReaderId, written: readonly StreamPosition[]): void {
    const key = JSON.stringify([userId, deviceId]);
    const before = this.#latest.get(key) ?? Promise.resolve();
    const isLatest = (): boolean => this.#latest.get(key) === done;
    const done = before
      .then(() => this.#write({ userId, deviceId }, written, isLatest))
      .then(() => {
        if (isLatest()) this.#latest.delete(key);
      });
    this.#latest.set(key, done);
  }

  /** Resolves when everything was written, or could not be: from now on each is tried once. */
  async settle(): Promise<void> {
    this.#isSettling = true;
    await Promise.all(this.#latest.values());
  }

  async #write(reader: ReaderId, written: readonly StreamPosition[], isLatest: () => boolean): Promise<void> {
    for (;;) {
      try {
        await this.#ports.store.closeReader(reader, written, isLatest() && !this.#ports.isOpen(reader));
        return;
      } catch (error) {
        // A reader that stays open has at most messages marked as redelivered that were not written before. The store reports its own failure.
        if (this.#isSettling || !isPassing(error)) return;
        await new Promise<void>((resolve) => this.#ports.clock.after(retryMs, resolve));
      }
    }
  }
}

/** Whether the same call can succeed later. */
const isPassing = (error: unknown): boolean => error instanceof HubError && passing.has(error.code);
