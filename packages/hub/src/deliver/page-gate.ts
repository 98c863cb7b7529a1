/**
 * Lets so many pages of the log be read at once, and none while the outboxes of all connections together are full.
 * Readers wait in the order in which they came, so thousands that reconnect at once each get their turn.
 */
import type { Clock } from '../lib/clock.ts';

/** Enough to keep the store's reading thread busy; each may bring a page into memory. */
const pagesAtOnce = 32;
/** How often a hub that is out of room looks again. */
const roomCheckMs = 50;

export class PageGate {
  readonly #hasRoom: () => boolean;
  readonly #clock: Clock;
  #reading = 0;
  #isChecking = false;
  readonly #waiting: (() => Promise<void>)[] = [];

  constructor(hasRoom: () => boolean, clock: Clock) {
    this.#hasRoom = hasRoom;
    this.#clock = clock;
  }

  /** Calls `readPage`, now or later, once. It must not reject. */
  readonly enter = (readPage: () => Promise<void>): void => {
    this.#waiting.push(readPage);
    this.#admit();
  };

  #admit(): void {
    while (this.#reading < pagesAtOnce && this.#hasRoom()) {
      const readPage = this.#waiting.shift();
      if (readPage === undefined) return;
      this.#reading += 1;
      void readPage().then(() => {
        this.#reading -= 1;
        this.#admit();
      });
    }
    // Pages under way come back here by themselves.
    if (this.#reading > 0 || this.#isChecking || this.#waiting.length === 0) return;
    this.#isChecking = true;
    this.#clock.after(roomCheckMs, () => {
      this.#isChecking = false;
      this.#admit();
    });
  }
}
