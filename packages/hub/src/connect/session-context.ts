import type { Clock } from '../lib/clock.ts';
import { Deadlines } from '../lib/deadlines.ts';
import type { CloseReason } from '../ports/connection.ts';
import { Flusher } from './flusher.ts';
import { InputTurns } from './input-turns.ts';
import type { ConnectOptions } from './options.ts';
import { type Stranger, Strangers } from './strangers.ts';

/** During an upgrade a client that has not read the probe's answer yet polls again at once: a pause keeps it from spinning. */
const heldPollMs = 100;

/** Once everything was written, a closing peer gets so long to answer, or to fetch what waits for its next poll. */
const closeGraceMs = 300;

/** With this much waiting for it, a session is read from whatever the others hold. */
const inputFloorBytes = 16_384;

/** What the timers of a session call. */
export interface TimedSession extends Stranger {
  /** Sends a ping of the heartbeat. */
  beat(): void;
  onPongOverdue(): void;
  onCloseOverdue(): void;
  releasePoll(): void;
}

/** Told of the sessions of a server. */
export interface SessionWatcher<S> {
  /** Called once for a session, before its listener is told. */
  onClosed(session: S, reason: CloseReason): void;
  /** A session was closed in favour of another one. */
  onDisplaced(): void;
}

/** What the sessions of one server share. No session has a timer of its own. */
export class SessionContext<S extends TimedSession> {
  readonly flusher: Flusher;
  readonly turns: InputTurns;
  readonly strangers: Strangers;
  readonly nextPing: Deadlines<S>;
  readonly nextPong: Deadlines<S>;
  readonly closing: Deadlines<S>;
  readonly closeGrace: Deadlines<S>;
  readonly heldPolls: Deadlines<S>;
  readonly options: ConnectOptions;
  readonly clock: Clock;
  readonly watcher: SessionWatcher<S>;
  /** What waits for all sessions together. */
  bufferedBytes = 0;
  /** Memory is short: nothing more than the floor may wait for a session that is read from. */
  isShort = false;

  constructor(clock: Clock, options: ConnectOptions, watcher: SessionWatcher<S>) {
    this.flusher = new Flusher(clock);
    this.turns = new InputTurns(clock);
    this.strangers = new Strangers(options, () => watcher.onDisplaced());
    this.nextPing = new Deadlines(clock, options.pingIntervalMs, (session) => session.beat());
    this.nextPong = new Deadlines(clock, options.pingTimeoutMs, (session) => session.onPongOverdue());
    this.closing = new Deadlines(clock, options.closeTimeoutMs, (session) => session.onCloseOverdue());
    this.closeGrace = new Deadlines(clock, Math.min(closeGraceMs, options.closeTimeoutMs), (session) => session.onCloseOverdue());
    this.heldPolls = new Deadlines(clock, heldPollMs, (session) => session.releasePoll());
    this.options = options;
    this.clock = clock;
    this.watcher = watcher;
  }

  /** Whether a session for which so much waits is still read from. */
  hasRoom(bufferedBytes: number, isIdentified: boolean): boolean {
    return bufferedBytes <= inputFloorBytes || bufferedBytes <= this.#inputHighWater(isIdentified);
  }

  /** Whether a session that was not read from any more has taken so much that it is again. */
  hasDrained(bufferedBytes: number, isIdentified: boolean): boolean {
    return bufferedBytes <= Math.min(this.options.bufferLowWaterBytes, this.#inputHighWater(isIdentified) / 2);
  }

  /** Stops all timers of a session that has parted from its transport. */
  stopTimers(session: S): void {
    for (const deadlines of [this.nextPing, this.nextPong, this.closing, this.closeGrace, this.heldPolls]) deadlines.stop(session);
  }

  /** A stranger has nothing to be sent that is large; and nobody gets more than what is left of the total. */
  #inputHighWater(isIdentified: boolean): number {
    const { bufferHighWaterBytes, bufferTotalBytesMax, strangerHighWaterBytes } = this.options;
    const own = isIdentified ? bufferHighWaterBytes : Math.min(bufferHighWaterBytes, strangerHighWaterBytes);
    const left = this.isShort ? 0 : bufferTotalBytesMax - this.bufferedBytes;
    return Math.max(inputFloorBytes, Math.min(own, left));
  }
}
