/** What the operating system has counted for a process and its children: CPU time of all threads, and memory. Linux only. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

export interface CpuTimes {
  readonly userUs: number;
  readonly systemUs: number;
}

/** Linux counts these in hundredths of a second on every architecture that Node runs on (USER_HZ). */
const tickUs = 10_000;

interface Stat extends CpuTimes {
  readonly parent: number;
}

/** undefined if the process has ended. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything; what follows it begins with the third field.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), userUs: Number(fields[11]) * tickUs, systemUs: Number(fields[12]) * tickUs };
  } catch {
    return undefined;
  }
}

/** The process and those that it started, which for a shell script is the server itself. */
export function processTree(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? statOf(pid) : undefined;
    if (stat !== undefined) parents.set(pid, stat.parent);
  }
  const tree = new Set([root]);
  let before = 0;
  while (tree.size > before) {
    before = tree.size;
    for (const [pid, parent] of parents) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

export function cpuTimes(pids: readonly number[]): CpuTimes {
  const stats = pids.map(statOf).filter((stat) => stat !== undefined);
  return {
    userUs: stats.reduce((sum, { userUs }) => sum + userUs, 0),
    systemUs: stats.reduce((sum, { systemUs }) => sum + systemUs, 0),
  };
}

function memoryBytes(pids: readonly number[], field: 'VmRSS' | 'VmHWM'): number {
  return pids.reduce((sum, pid) => sum + memoryOf(pid, field), 0);
}

function memoryOf(pid: number, field: string): number {
  try {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}

export const residentBytes = (pids: readonly number[]): number => memoryBytes(pids, 'VmRSS');

/** The highest resident memory since the start, or since `forgetPeak`. */
export const peakResidentBytes = (pids: readonly number[]): number => memoryBytes(pids, 'VmHWM');

/** Begins a new measurement of the peak (proc(5), clear_refs). */
export function forgetPeak(pids: readonly number[]): void {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
