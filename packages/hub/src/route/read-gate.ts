/**
 * Limits how many reads that clients ask for are in the store at the same time; they are served in the order in which they were asked for. A connection
 * whose read waits here is held, so that its commands keep their order; once it has closed, its reads are dropped.
 */
import { HubError } from '@parley/protocol';
import type { Connection } from '../ports/connection.ts';

type Reading = Pick<Connection, 'hold' | 'release' | 'isGone'>;

export class ReadGate {
  readonly #insideMax: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(insideMax: number) {
    this.#insideMax = insideMax;
  }

  /** Calls `read` at once if there is room, otherwise when it is its turn. Rejects if the connection has closed by then. */
  pass<T>(connection: Reading, read: () => Promise<T>): Promise<T> {
    if (this.#inside < this.#insideMax) return this.#enter(read);
    connection.hold();
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        connection.release();
        if (connection.isGone) reject(new HubError('overloaded', { message: 'The connection closed before its turn to read.' }));
        else this.#enter(read).then(resolve, reject);
      });
    });
  }

  async #enter<T>(read: () => Promise<T>): Promise<T> {
    this.#inside += 1;
    try {
      return await read();
    } finally {
      this.#inside -= 1;
      while (this.#inside < this.#insideMax && this.#waiting.length > 0) this.#waiting.shift()?.();
    }
  }
}
