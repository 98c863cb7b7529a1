/**
 * What one connection has asked for and has not been answered. During a barrier, or while too much is in flight, the connection is
 * held: what its client sends next stays unread, so it waits with the client and not in the hub.
 */
import type { Connection } from '../ports/connection.ts';

const commandsMax = 256;
/** Of the events' text; one that is longer is carried out alone. */
export const charactersMax = 1024 * 1024;
/** Reads cost the most: a page of history is much larger than the event that asks for it. */
const readsMax = 4;

export interface Cost {
  readonly characters: number;
  readonly isRead: boolean;
  /** It changes what the commands after it may do, so those wait until it is answered. */
  readonly isBarrier: boolean;
}

export class InFlight {
  readonly #connection: Pick<Connection, 'hold' | 'release'>;
  #commands = 0;
  #characters = 0;
  #reads = 0;
  #barriers = 0;
  #isHeld = false;

  constructor(connection: Pick<Connection, 'hold' | 'release'>) {
    this.#connection = connection;
  }

  begin(cost: Cost): void {
    this.#count(cost, 1);
  }

  end(cost: Cost): void {
    this.#count(cost, -1);
  }

  #count({ characters, isRead, isBarrier }: Cost, change: 1 | -1): void {
    this.#commands += change;
    this.#characters += change * characters;
    if (isRead) this.#reads += change;
    if (isBarrier) this.#barriers += change;
    const isFull = this.#commands >= commandsMax || this.#characters >= charactersMax || this.#reads >= readsMax;
    const mustWait = isFull || this.#barriers > 0;
    if (mustWait === this.#isHeld) return;
    this.#isHeld = mustWait;
    if (mustWait) this.#connection.hold();
    else this.#connection.release();
  }
}
