import { type ErrorCode, HubError } from '@parley/protocol';
import type { FromThread, Refusal } from './calls.ts';
import { StoreStartError } from './start-error.ts';

/** When a refused write may be tried again: a busy database is soon free, a full disk takes somebody to clear it. */
const retryAfterS: Partial<Record<ErrorCode, number>> = { overloaded: 1, storage_full: 5 };

export function toHubError({ code, cause }: Refusal): HubError {
  const seconds = retryAfterS[code];
  return new HubError(code, { ...(seconds !== undefined && { retryAfterS: seconds }), ...(cause !== undefined && { cause }) });
}

/** The value of an answer; throws what the thread refused with. */
export function openAnswer(answer: FromThread): unknown {
  if ('value' in answer) return answer.value;
  throw 'refusal' in answer ? toHubError(answer.refusal) : new StoreStartError(answer.startRefused);
}
