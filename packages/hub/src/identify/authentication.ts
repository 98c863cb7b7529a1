/**
 * Asks the authenticator who a connection is, and checks its answer. If it throws, rejects, does not answer or answers something else,
 * the connection is not accepted.
 */
import { isPayloadOf } from '@parley/protocol';
import type { Clock } from '../lib/clock.ts';
import type { Authenticator, Identity } from '../ports/authenticator.ts';
import type { Handshake, Refusal } from '../ports/connection.ts';

/** Time for an authenticator that asks another machine. */
const answerMaxMs = 10_000;

type Answer = Identity | { readonly refuse: Refusal };

/** Rejects if the authenticator fails. */
export async function authenticate(authenticator: Authenticator, clock: Clock, handshake: Handshake): Promise<Answer> {
  try {
    return checked(authenticator.method, await withinTime(clock, authenticator.authenticate(handshake)));
  } catch (error) {
    throw new Error('The authenticator failed, so a connection was not let in.', { cause: error });
  }
}

function withinTime<T>(clock: Clock, answer: T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(answerMaxMs, () => reject(new Error(`The authenticator did not answer within ${answerMaxMs / 1000} s.`)));
    Promise.resolve(answer).then(resolve, reject).finally(cancel);
  });
}

function checked(method: string, answer: unknown): Answer {
  if (isRecord(answer) && answer.refuse !== undefined) {
    const { refuse } = answer;
    if (isRecord(refuse) && typeof refuse.message === 'string') return { refuse: { message: refuse.message, data: refuse.data } };
  } else if (isRecord(answer) && 'userId' in answer) {
    const { userId } = answer;
    if (typeof userId === 'string' && isPayloadOf('register', { user_id: userId })) return { userId };
    // Otherwise who has a token without a user could name any user.
    if (userId === undefined && method === 'open') return { userId };
  }
  throw new TypeError(
    'The authenticator has to answer { userId } with a valid user id, or { refuse: { message } }. Only one whose method is "open" may leave the choice to the client.',
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
