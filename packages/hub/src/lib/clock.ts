/** Time as the hub sees it. Handed in everywhere, so that tests and the simulation own it. */
export interface Clock {
  /** Wall clock in milliseconds since 1970. May jump either way: use it for timestamps, never for order or time-outs. */
  now(): number;
  /** Milliseconds that only ever grow, from an arbitrary start. For time-outs and intervals. */
  monotonic(): number;
  /** Calls `callback` once, at least `delayMs` from now, unless the returned function was called before. */
  after(delayMs: number, callback: () => void): Cancel;
  /** Calls `callback` once in this turn of the event loop, after the input that is waiting now was handled. */
  endOfTurn(callback: () => void): void;
}

export type Cancel = () => void;

/** Now, on both clocks: one to show, one to measure by. */
export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export const nowOf = (clock: Clock): Now => ({ wallMs: clock.now(), monotonicMs: clock.monotonic() });

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timeout = setTimeout(callback, delayMs);
    return () => clearTimeout(timeout);
  },
  endOfTurn(callback) {
    setImmediate(callback);
  },
};
