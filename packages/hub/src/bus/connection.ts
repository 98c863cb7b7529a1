/**
 * One line from dialling to its end. It is up when it heard a probe of its own, so sending and hearing are both proved;
 * a probe follows every second, and a line that hears nothing of itself for long is deaf (a frozen server, a half-open
 * connection, a pooler between) and ends.
 */
import type { Cancel } from '../lib/clock.ts';
import { type Dial, type Line, type Pace, reasonOf } from './line.ts';
import { Outbox } from './outbox.ts';
import type { BusSettings } from './settings.ts';

export interface ConnectionEvents {
  onUp(): void;
  onFrame(frame: string): void;
  /** Once, unless it was dropped. `unsent`: frames that the server is not known to have taken. */
  onEnded(reason: string, unsent: number): void;
}

/** What stands before a frame: who sent it, and whether it is one. */
const tagLength = 8;
const frameMark = ':';
const probeMark = '?';

/** Rounds of probes without any answer. Rounds and not time: a process that was paused itself must not take the server for frozen. */
const silentRoundsMax = 3;

export class Connection {
  readonly #settings: BusSettings;
  readonly #events: ConnectionEvents;
  readonly #tag: string;
  readonly #line: Line;
  readonly #outbox: Outbox;
  #state: 'dialling' | 'proving' | 'up' | 'over' = 'dialling';
  #isHeard = false;
  #silentRounds = 0;
  #cancel: Cancel;

  constructor(dial: Dial, pace: Pace, settings: BusSettings, events: ConnectionEvents) {
    const { clock, random, connectTimeoutMs, waitingBytesMax } = settings;
    this.#settings = settings;
    this.#events = events;
    this.#tag = random.id().slice(0, tagLength);
    const end = (error: unknown): void => this.#end(reasonOf(error));
    this.#line = dial({ onPayload: (payload) => this.#onPayload(payload), onEnded: end });
    this.#outbox = new Outbox({ line: this.#line, clock, pace, waitingBytesMax, onFailed: end });
    this.#cancel = clock.after(connectTimeoutMs, () => this.#end(this.#tooLate()));
    this.#line.ready.then(() => this.#prove(), end);
  }

  /** False: not sent, and never will be. */
  publish(frame: string, bytes: number): boolean {
    return this.#state === 'up' && this.#outbox.push({ payload: this.#tag + frameMark + frame, bytes, frames: 1 });
  }

  /** Resolves when everything was sent, or can't be any more. */
  flush(): Promise<void> {
    return this.#state === 'up' ? this.#outbox.idle() : Promise.resolve();
  }

  /** Ends without a word. Returns how many frames the server is not known to have taken. */
  drop(): number {
    this.#state = 'over';
    this.#cancel();
    this.#line.drop();
    return this.#outbox.abandon();
  }

  #prove(): void {
    if (this.#state !== 'dialling') return;
    this.#state = 'proving';
    this.#probe();
  }

  #probe(): void {
    this.#outbox.push({ payload: this.#tag + probeMark, bytes: tagLength + 1, frames: 0 });
  }

  #onPayload(payload: string): void {
    if (this.#state === 'over') return;
    if (payload.startsWith(this.#tag)) this.#hear();
    if (payload[tagLength] === frameMark) this.#events.onFrame(payload.slice(tagLength + 1));
  }

  #hear(): void {
    this.#isHeard = true;
    if (this.#state !== 'proving') return;
    this.#state = 'up';
    this.#cancel();
    this.#nextRound();
    this.#events.onUp();
  }

  #nextRound(): void {
    const { clock, deafAfterMs } = this.#settings;
    this.#cancel = clock.after(deafAfterMs / silentRoundsMax, () => {
      this.#silentRounds = this.#isHeard ? 0 : this.#silentRounds + 1;
      this.#isHeard = false;
      if (this.#silentRounds >= silentRoundsMax) return this.#end(`it heard nothing of itself for ${deafAfterMs} ms`);
      this.#probe();
      this.#nextRound();
    });
  }

  #tooLate(): string {
    const { connectTimeoutMs } = this.#settings;
    if (this.#state === 'dialling') return `no answer within ${connectTimeoutMs} ms`;
    return `it is connected, but heard nothing of itself for ${connectTimeoutMs} ms`;
  }

  #end(reason: string): void {
    if (this.#state === 'over') return;
    this.#events.onEnded(reason, this.drop());
  }
}
