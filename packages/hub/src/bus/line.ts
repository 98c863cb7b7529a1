/** What a driver has to offer: a connection to the server of the bus that ends once. Connecting anew is done here, the same for all. */
export interface Line {
  /** Resolves when what is sent will be heard here too. */
  readonly ready: Promise<void>;
  /** Sends in this order, and resolves when the server has taken all of it. */
  send(payloads: readonly string[]): Promise<void>;
  /** Ends at once, whether the server answers or not. Never throws. */
  drop(): void;
}

/** Neither is called before the line was given out. What comes after `drop` is ignored. */
export interface LineEvents {
  onPayload(payload: string): void;
  onEnded(error: unknown): void;
}

export type Dial = (events: LineEvents) => Line;

/** How a server wants to be sent to. */
export interface Pace {
  readonly frameBytesMax: number;
  /** A send has at least one payload, and no more than so many. */
  readonly sendPayloadsMax: number;
  readonly sendBytesMax: number;
  /** How many sends may wait for their answer. */
  readonly sendsMax: number;
  /** From the beginning of a send to that of the next. */
  readonly pauseMs: number;
}

/** The text of an error, for the operator. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node's error of a name with several addresses has no text of its own.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error.message === '' ? error.name : error.message;
}
