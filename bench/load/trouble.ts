/** Where a client library reports what went wrong, for whoever waits for something else. */
import { within } from '../lib/waiting.ts';

export class Trouble {
  readonly #first = Promise.withResolvers<never>();

  constructor() {
    this.#first.promise.catch(() => {});
  }

  /** To be given to whatever takes a listener for errors. */
  readonly onError = (error: unknown): void => {
    this.#first.reject(error instanceof Error ? error : new Error(String(error)));
  };

  /** `work`, unless trouble comes first, or it takes too long. */
  guard<T>(work: Promise<T>, timeoutMs: number, complaint: string): Promise<T> {
    return within(Promise.race([work, this.#first.promise]), timeoutMs, complaint);
  }
}
