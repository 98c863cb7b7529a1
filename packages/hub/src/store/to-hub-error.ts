import { type ErrorCode, HubError } from '@parley/protocol';
import type { Refusal } from './outcome.ts';

/** When a refused write may be tried again: a busy database is soon free, a full disk takes somebody to clear it. */
const retryAfterS: Partial<Record<ErrorCode, number>> = { overloaded: 1, storage_full: 5 };

export function toHubError({ code, cause }: Refusal): HubError {
  const seconds = retryAfterS[code];
  return new HubError(code, { ...(seconds !== undefined && { retryAfterS: seconds }), ...(cause !== undefined && { cause }) });
}
