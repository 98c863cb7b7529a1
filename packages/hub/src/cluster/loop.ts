import type { Cancel, Clock } from '../lib/clock.ts';

export interface Loop {
  /** Runs the task as soon as it is not running. */
  soon(): void;
  /** Ends it. Resolves when the task is not running any more. */
  stop(): Promise<void>;
}

/** However often it is asked to run soon. */
const pauseMinMs = 50;

/** Runs a task again and again, `everyMs` after it has ended, never twice at a time. A failure of the task is reported, and it runs again. */
export function loop(clock: Clock, everyMs: number, task: () => Promise<void>, onError: (error: unknown) => void): Loop {
  let running: Promise<void> | undefined;
  let isWanted = false;
  let isStopped = false;
  let endedMs = clock.monotonic();
  let cancel: Cancel = clock.after(everyMs, run);

  function run(): void {
    isWanted = false;
    running = task()
      .catch(onError)
      .then(() => {
        running = undefined;
        endedMs = clock.monotonic();
        if (!isStopped) cancel = clock.after(isWanted ? pauseMinMs : everyMs, run);
      });
  }

  return {
    soon() {
      if (isWanted || isStopped) return;
      isWanted = true;
      if (running !== undefined) return;
      cancel();
      cancel = clock.after(Math.max(0, endedMs + pauseMinMs - clock.monotonic()), run);
    },
    async stop() {
      isStopped = true;
      cancel();
      await running;
    },
  };
}
