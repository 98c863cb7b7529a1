/** A failure on the wire, in a callback, as the event `error`, or in the place of one of several results. */
import { type Static, Type } from 'typebox';
import type { ErrorCode, HubError } from './errors.ts';
import { exactly, type Immutable } from './sent.ts';

/** Shape: `{"status":"error","code":"room_full","message":"…","event":"join_room","retry_after":2}`. */
export const failure = exactly({
  status: Type.Literal('error'),
  /** Stable, for machines. */
  code: Type.Unsafe<ErrorCode>(Type.String()),
  /** For people. */
  message: Type.String(),
  /** The event of the client that has failed. */
  event: Type.Optional(Type.String()),
  /** Seconds. */
  retry_after: Type.Optional(Type.Number()),
  details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

export type Failure = Immutable<Static<typeof failure>>;

/** The wire form of an error: never its cause and never its stack. */
export function toFailure(error: HubError, event?: string): Failure {
  return {
    status: 'error',
    code: error.code,
    message: error.message,
    ...(event === undefined ? {} : { event }),
    ...(error.retryAfterS === undefined ? {} : { retry_after: error.retryAfterS }),
    ...(error.details === undefined ? {} : { details: error.details }),
  };
}
