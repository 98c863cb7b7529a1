import type { Cancel, Clock } from './clock.ts';

/** Calls `task` again and again, `intervalMs` after its last call returned, until cancelled. */
export function every(clock: Clock, intervalMs: number, task: () => void): Cancel {
  let cancel = clock.after(intervalMs, run);
  function run(): void {
    task();
    cancel = clock.after(intervalMs, run);
  }
  return () => cancel();
}
