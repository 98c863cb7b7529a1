/**
 * Notices when the process is about to reach the limit of its memory, before the runtime ends it, and when there is room again.
 * The limit is that of the heap (`--max-old-space-size`), or that of the container for everything.
 */
import { getHeapStatistics } from 'node:v8';
import type { Cancel, Clock } from '../lib/clock.ts';
import { every } from '../lib/every.ts';
import type { Log } from '../ports/log.ts';

const checkIntervalMs = 100;
/** Above the first part of the limit memory is short, below the second it is not any more. */
const shortAbove = 0.8;
const enoughBelow = 0.65;
/**
 * The limit that the runtime tells includes the space for young objects, and it ends the process when the rest is full: 256 of 352 MB
 * with `--max-old-space-size=256`. How large that space may become it does not tell; it is at most this.
 */
const youngBytesMax = 96 * 1024 ** 2;
const youngPartMax = 0.25;

/** What part of its limit the process uses, at the worst. */
export type MemoryUse = () => number;

/** Calls `onChange` and writes one line in the log each time when memory becomes short, and when it is not any more. */
export function watchMemory(clock: Clock, log: Log, onChange: (isShort: boolean) => void, use: MemoryUse = memoryUse): Cancel {
  let isShort = false;
  return every(clock, checkIntervalMs, () => {
    const part = use();
    if (isShort ? part >= enoughBelow : part <= shortAbove) return;
    isShort = !isShort;
    onChange(isShort);
    const used_percent = Math.round(part * 100);
    if (isShort) log.warn({ used_percent }, 'Memory is short: connections that have not registered are closed, and new ones are refused.');
    else log.info({ used_percent }, 'There is enough memory again: new connections are accepted.');
  });
}

function memoryUse(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  const containerBytes = process.constrainedMemory();
  const ofContainer = containerBytes > 0 ? process.memoryUsage.rss() / containerBytes : 0;
  return Math.max(partOfHeap(used_heap_size, heap_size_limit), ofContainer);
}

export function partOfHeap(usedBytes: number, limitBytes: number): number {
  return usedBytes / (limitBytes - Math.min(youngBytesMax, limitBytes * youngPartMax));
}
