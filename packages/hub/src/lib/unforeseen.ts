import { HubError } from '@parley/protocol';

/** Failures that no error code foresees. The error that a client gets for one says that it was logged, so that happens here. */
export class Unforeseen {
  readonly #log: (error: unknown, event: string) => void;
  #count = 0;

  constructor(log: (error: unknown, event: string) => void) {
    this.#log = log;
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** The error that is sent to the caller for a failure. `event`: what the caller wanted. */
  told(error: unknown, event: string): HubError {
    if (error instanceof HubError && error.code !== 'internal_error') return error;
    this.#count += 1;
    this.#log(error, event);
    return error instanceof HubError ? error : new HubError('internal_error', { cause: error });
  }
}
