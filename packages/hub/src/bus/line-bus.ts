/** A bus over lines: whenever one has ended it dials the next, after a pause that grows while it fails. */
import type { Cancel } from '../lib/clock.ts';
import type { Bus, BusHandlers } from '../ports/bus.ts';
import { Connection } from './connection.ts';
import type { Dial, Pace } from './line.ts';
import type { BusSettings } from './settings.ts';

export interface LineBusOptions {
  readonly dial: Dial;
  readonly pace: Pace;
  readonly settings: BusSettings;
  readonly handlers: BusHandlers;
}

/** Resolves when the first line is up or has failed. */
export function openLineBus(options: LineBusOptions): Promise<Bus> {
  return new Promise((resolve) => {
    const bus = new LineBus(options, () => resolve(bus));
    bus.dial();
  });
}

class LineBus implements Bus {
  readonly #options: LineBusOptions;
  readonly #onFirstState: () => void;
  #connection: Connection | undefined;
  /** Why it is down; undefined while it is up. */
  #reason: string | undefined = '';
  #failures = 0;
  #dropped = 0;
  #cancelRetry: Cancel = () => {};
  #isClosed = false;

  constructor(options: LineBusOptions, onFirstState: () => void) {
    this.#options = options;
    this.#onFirstState = onFirstState;
  }

  get frameBytesMax(): number {
    return this.#options.pace.frameBytesMax;
  }

  get dropped(): number {
    return this.#dropped;
  }

  publish(frame: string): void {
    const bytes = Buffer.byteLength(frame);
    // PostgreSQL has no NUL in its texts, and one such frame would take others with it.
    const isFit = bytes <= this.frameBytesMax && !frame.includes('\0') && !this.#isClosed;
    if (!isFit || !this.#connection?.publish(frame, bytes)) this.#dropped += 1;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelRetry();
    const { clock, closeTimeoutMs } = this.#options.settings;
    const connection = this.#connection;
    if (connection === undefined) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(closeTimeoutMs, resolve);
      void connection.flush().then(() => {
        cancel();
        resolve();
      });
    });
    // Else it has ended meanwhile.
    if (this.#connection === connection) this.#dropped += connection.drop();
    this.#connection = undefined;
  }

  dial(): void {
    const { dial, pace, settings, handlers } = this.#options;
    this.#connection = new Connection(dial, pace, settings, {
      onFrame: (frame) => handlers.onFrame(frame),
      onUp: () => this.#onUp(),
      onEnded: (reason, unsent) => this.#onEnded(reason, unsent),
    });
  }

  #onUp(): void {
    this.#failures = 0;
    this.#reason = undefined;
    if (this.#isClosed) return;
    this.#options.handlers.onState('up');
    this.#onFirstState();
  }

  #onEnded(reason: string, unsent: number): void {
    this.#connection = undefined;
    this.#dropped += unsent;
    if (this.#isClosed) return;
    const isNew = reason !== this.#reason;
    this.#reason = reason;
    if (isNew) this.#options.handlers.onState('down', reason);
    this.#onFirstState();
    const { clock, random, retryMinMs, retryMaxMs } = this.#options.settings;
    const pauseMs = Math.min(retryMaxMs, retryMinMs * 2 ** this.#failures);
    this.#failures += 1;
    // Half of it by chance, so that the nodes of a cluster do not come all at once.
    this.#cancelRetry = clock.after((pauseMs * (1 + random.fraction())) / 2, () => this.dial());
  }
}
