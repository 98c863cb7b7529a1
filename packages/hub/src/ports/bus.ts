/**
 * Carries frames between the nodes of a cluster. A hint only: it may lose, double, delay and reorder frames (I13), and whoever listens
 * hears its own frames too. What a frame says is checked by the cluster.
 */
export interface Bus {
  /** A frame is text of at most so many bytes in UTF-8, without NUL. */
  readonly frameBytesMax: number;
  /** At most once, to every node. Returns at once and never throws; while the bus is down, or more waits than it may hold, frames are dropped and counted. So is one that is unfit. */
  publish(frame: string): void;
  /** Frames that were not sent since the start, or are not known to have been. */
  readonly dropped: number;
  /** Sends what waits, for a short time, and ends. */
  close(): Promise<void>;
}

export interface BusHandlers {
  onFrame(frame: string): void;
  /** `up`: frames that are published from now on are expected to arrive. Called with the first state before the bus is given out, and with `down` again if the reason changed. */
  onState(state: 'up' | 'down', reason?: string): void;
}

/** Resolves although the bus can't be reached yet: it is `down` then, and connects by itself. Rejects only if the address is none, with one sentence. */
export type OpenBus = (handlers: BusHandlers) => Promise<Bus>;
