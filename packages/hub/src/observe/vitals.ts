import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../lib/clock.ts';
import { every } from '../lib/every.ts';
import type { Vitals } from '../ports/stats.ts';

const resolutionMs = 10;
const windowMs = 60_000;

/** Measures from now on; `read` at any time, `stop` once. */
export function watchVitals(clock: Clock): { read(): Vitals; stop(): void } {
  const current = monitorEventLoopDelay({ resolution: resolutionMs });
  current.enable();
  const stopWindows = every(clock, windowMs, () => current.reset());
  // The histogram holds the intervals of a timer: what exceeds the resolution is delay.
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolutionMs);
  return {
    read: () => ({
      residentBytes: process.memoryUsage.rss(),
      loopDelayMs: { median: late(current.percentile(50)), p99: late(current.percentile(99)), max: late(current.max) },
    }),
    stop() {
      stopWindows();
      current.disable();
    },
  };
}
