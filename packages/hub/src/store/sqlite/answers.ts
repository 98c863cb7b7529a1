import { HubError } from '@parley/protocol';
import type { FromThread, Refusal } from './calls.ts';
import { StoreStartError } from './start-error.ts';

export function toHubError({ code, cause }: Refusal): HubError {
  return new HubError(code, { ...(code === 'overloaded' && { retryAfterS: 1 }), ...(cause !== undefined && { cause }) });
}

/** The value of an answer; throws what the thread refused with. */
export function openAnswer(answer: FromThread): unknown {
  if ('value' in answer) return answer.value;
  throw 'refusal' in answer ? toHubError(answer.refusal) : new StoreStartError(answer.startRefused);
}
