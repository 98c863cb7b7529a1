import { randomFillSync } from 'node:crypto';

/** Randomness as the hub sees it. Handed in, so that the simulation can replay a run. */
export interface Random {
  /** An unguessable id of 20 URL-safe characters (120 bits). */
  id(): string;
  /** A number from 0 (inclusive) to 1 (exclusive). Not for secrets. */
  fraction(): number;
}

const idBytes = 15;
/** Asking the operating system for each id took 5 % of the time that a new connection costs. */
const idsAtOnce = 256;

export class SystemRandom implements Random {
  readonly #bytes = Buffer.alloc(idBytes * idsAtOnce);
  /** The bytes before it were used. */
  #offset = this.#bytes.length;

  id(): string {
    if (this.#offset === this.#bytes.length) {
      randomFillSync(this.#bytes);
      this.#offset = 0;
    }
    this.#offset += idBytes;
    return this.#bytes.toString('base64url', this.#offset - idBytes, this.#offset);
  }

  fraction(): number {
    return Math.random();
  }
}
