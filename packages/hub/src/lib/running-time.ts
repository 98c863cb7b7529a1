import type { Clock } from './clock.ts';

/** The hub's running time in milliseconds, added up over its starts: `beforeMs` from the earlier ones, then the monotonic clock. */
export function runningTime(clock: Clock, beforeMs: number): () => number {
  const startMs = clock.monotonic();
  return () => beforeMs + clock.monotonic() - startMs;
}
