/**
 * Limits how many pages of the log are read at the same time.
 *
 *     enter ──► waiting ──its turn──► reading ──► out
 *                  ▲        │
 *                  │   no page now: its outbox holds too much
 *                  │        ▼
 *                  └──── blocked
 *
 * Readers are served in the order in which they asked, so of thousands that reconnect at once each gets its turn. A reader whose outbox is
 * full does not hold up the others, and comes before them when there is room again.
 */
import type { Clock } from '../lib/clock.ts';

/** Enough to keep the store's reading thread busy; each may bring a page into memory. */
const pagesAtOnce = 32;
/** How often it is tried again for blocked readers. */
const blockedCheckMs = 50;

export interface PageReader {
  /** How large the page may be now; 0: not now. */
  pageBytes(): number;
  /** Must not reject. */
  readPage(bytesMax: number): Promise<void>;
}

export class PageGate {
  readonly #clock: Clock;
  #reading = 0;
  #waiting = new Set<PageReader>();
  #blocked = new Set<PageReader>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `readPage` once, now or later, unless the reader leaves the gate first. */
  enter(reader: PageReader): void {
    if (this.#blocked.has(reader)) return;
    this.#waiting.add(reader);
    this.#admit();
  }

  /** A page that is being read counts until the store has answered. */
  leave(reader: PageReader): void {
    this.#waiting.delete(reader);
    this.#blocked.delete(reader);
  }

  #admit(): void {
    for (const reader of this.#waiting) {
      if (this.#reading >= pagesAtOnce) return;
      this.#waiting.delete(reader);
      const bytesMax = reader.pageBytes();
      if (bytesMax > 0) this.#read(reader, bytesMax);
      else this.#block(reader);
    }
  }

  #read(reader: PageReader, bytesMax: number): void {
    this.#reading += 1;
    void reader.readPage(bytesMax).then(() => {
      this.#reading -= 1;
      this.#admit();
    });
  }

  #block(reader: PageReader): void {
    if (this.#blocked.size === 0) this.#clock.after(blockedCheckMs, () => this.#unblock());
    this.#blocked.add(reader);
  }

  #unblock(): void {
    this.#waiting = new Set([...this.#blocked, ...this.#waiting]);
    this.#blocked = new Set();
    this.#admit();
  }
}
