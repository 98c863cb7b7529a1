/** One raw connection that carries Engine.IO packets as text, and can be broken in ways that stock clients can't. */
export interface WireHandlers {
  onPacket(text: string): void;
  /** It has ended, by the other side or by an error. Not called for what was done to it from here. */
  onEnd(): void;
}

export interface Wire {
  send(text: string): void;
  /** Ends at once. True if the hub can't know. */
  reset(): boolean;
  /** Neither reads nor writes any more, and closes nothing until it is released. */
  hang(): void;
  pause(): void;
  resume(): void;
}

/** A connection that hangs is let go after this time, so that a run does not gather them. */
export const hungMs = 12_000;
