import type { ReaderId } from '../../../ports/store.ts';

/** The readers that were opened since the store was, and not closed. */
export class OpenReaders {
  readonly #keys = new Set<string>();

  add(reader: ReaderId): void {
    this.#keys.add(keyOf(reader));
  }

  delete(reader: ReaderId): void {
    this.#keys.delete(keyOf(reader));
  }

  has(reader: ReaderId): boolean {
    return this.#keys.has(keyOf(reader));
  }
}

const keyOf = ({ userId, deviceId }: ReaderId): string => JSON.stringify([userId, deviceId]);
