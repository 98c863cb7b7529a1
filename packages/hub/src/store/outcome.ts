/** How a write ended, as plain values that cross threads. Loads nothing, because a thread is slow to load a package. */
import type { ErrorCode } from '@parley/protocol';

/** A failure as it crosses threads, where an error would lose its class. `cause` is for the log. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly cause?: string;
}

/** The result of one write of a batch. The code `storage_failed` means that the whole store has failed. */
export type Outcome = { readonly value: unknown } | { readonly refusal: Refusal };

/**
 * An expected refusal, thrown on the store's threads. `HubError` would do, but its package takes a thread
 * a good part of a second to load, which would be a good part of the hub's start.
 */
export class Refused extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode) {
    super(code);
    this.name = 'Refused';
    this.code = code;
  }
}

export function toRefusal(error: unknown): Refusal {
  return error instanceof Refused ? { code: error.code } : { code: 'internal_error', cause: describe(error) };
}

export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
