import type { Deadlines } from '../lib/deadlines.ts';

/** Has asked for a ping, and is told of its answer. */
export interface PongListener {
  onPong(): void;
}

/** The timers that the sessions of one server share. */
export interface HeartbeatTimers<S> {
  readonly nextPing: Deadlines<S>;
  readonly nextPong: Deadlines<S>;
}

/** The pings of a session. At most one is outstanding, whoever asked for it; the next one of its own is due a while after the pong. */
export class Heartbeat<S> {
  readonly #timers: HeartbeatTimers<S>;
  readonly #session: S;
  /** Who asked for the ping that is outstanding. */
  #pongListener: PongListener | undefined;
  /** Something was taken since the ping that is outstanding, or since it was given more time. */
  #hasTaken = false;

  constructor(timers: HeartbeatTimers<S>, session: S) {
    this.#timers = timers;
    this.#session = session;
    timers.nextPing.start(session);
  }

  get hasTaken(): boolean {
    return this.#hasTaken;
  }

  /** To be called when a ping is to be sent. False: one is outstanding, and none is to be sent. */
  begin(pongListener: PongListener): boolean {
    if (this.#pongListener !== undefined) return false;
    this.#pongListener = pongListener;
    this.#hasTaken = false;
    this.#timers.nextPing.stop(this.#session);
    this.#timers.nextPong.start(this.#session);
    return true;
  }

  onTaken(): void {
    this.#hasTaken = true;
  }

  onPong(): void {
    const pongListener = this.#pongListener;
    if (pongListener === undefined) return;
    this.#pongListener = undefined;
    this.#timers.nextPong.stop(this.#session);
    this.#timers.nextPing.start(this.#session);
    pongListener.onPong();
  }

  /** The pong gets the whole time once more. */
  extend(): void {
    this.#hasTaken = false;
    this.#timers.nextPong.start(this.#session);
  }

  stop(): void {
    this.#timers.nextPing.stop(this.#session);
    this.#timers.nextPong.stop(this.#session);
  }
}
