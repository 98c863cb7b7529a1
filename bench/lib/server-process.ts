/** A server under measurement: a process of its own, started and ended by the benchmark. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { basename } from 'node:path';
import type { Address } from '../load/raw-socket.ts';
import { type CpuTimes, cpuTimes, processTree, residentBytes } from './process-usage.ts';
import { pause, until, within } from './waiting.ts';

export interface ServerProcess {
  readonly address: Address;
  /** What it said about itself before it was ready: one line each. */
  readonly settings: readonly string[];
  /** Of the server, and of the processes that it has started. Empty for one that runs elsewhere. */
  readonly pids: readonly number[];
  /** SIGUSR2 begins and ends a CPU profile. */
  readonly isProfiled: boolean;
  stop(): Promise<void>;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it was told to listen. Absent: it prints a line that ends with its URL. */
  readonly port?: number;
  /** What it can't say by itself. */
  readonly settings?: readonly string[];
  readonly startTimeoutMs?: number;
  /** It has `profiler.ts` in it. */
  readonly isProfiled?: boolean;
}

const stopTimeoutMs = 10_000;

/** Starts a server and resolves when it accepts connections; rejects with what it printed otherwise. */
export async function startServer(launch: Launch): Promise<ServerProcess> {
  const child = spawn(launch.command, launch.args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...launch.env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      // The beginning says how it started, and a server may go on talking for minutes.
      if (output.length < 100_000) output += text;
    });
  }
  let problem: string | undefined;
  child.once('error', (error) => {
    problem = error.message;
  });
  child.once('exit', (code, signal) => {
    problem ??= `ended with ${code ?? signal}`;
  });
  try {
    const address = await until(
      () => {
        if (problem !== undefined) throw new Error(problem);
        return launch.port === undefined ? printedAddress(output) : answering(launch.port);
      },
      launch.startTimeoutMs ?? 20_000,
      'it does not answer',
    );
    return {
      address,
      settings:
        launch.settings ??
        output
          .split('\n')
          .filter((line) => line.startsWith('setting: '))
          .map((line) => line.slice(9)),
      pids: processTree(child.pid ?? -1),
      isProfiled: launch.isProfiled === true,
      stop: () => stop(child),
    };
  } catch (error) {
    await stop(child);
    const reason = error instanceof Error ? error.message : String(error);
    const lastLine = output.trim().split('\n').at(-1) ?? '';
    throw new Error(`${basename(launch.command)} did not start: ${reason}: ${lastLine}\n${launch.args.join(' ')}\n${output}`);
  }
}

function printedAddress(output: string): Address | undefined {
  const port = /listening on \w+:\/\/[^\s:]+:(\d+)/.exec(output)?.[1];
  return port === undefined ? undefined : { host: '127.0.0.1', port: Number(port) };
}

async function answering(port: number): Promise<Address | undefined> {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return { host: '127.0.0.1', port };
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

/** At once: its data is thrown away, so it need not end in good order. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  // A script would leave its server behind.
  for (const pid of processTree(child.pid)) signal(pid, 'SIGKILL');
  await within(ended, stopTimeoutMs, `process ${child.pid} does not end`);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

/** What a piece of work cost the server, this process, and in time. */
export interface Cost extends CpuTimes {
  readonly seconds: number;
  /** CPU of the load generator as a share of one core. Near 1 it was the limit, not the server. */
  readonly clientCore: number;
  /** The server's, in the same unit; above 1 with several threads. */
  readonly serverCore: number;
}

/** Begins to measure; the result ends it. */
export function startMeter(server: ServerProcess): () => Cost {
  const toggleProfile = () => {
    const [pid] = server.pids;
    if (server.isProfiled && pid !== undefined) signal(pid, 'SIGUSR2');
  };
  toggleProfile();
  const start = performance.now();
  const own = process.cpuUsage();
  const before = cpuTimes(server.pids);
  return () => {
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(own);
    const after = cpuTimes(server.pids);
    toggleProfile();
    const userUs = server.pids.length === 0 ? Number.NaN : after.userUs - before.userUs;
    const systemUs = server.pids.length === 0 ? Number.NaN : after.systemUs - before.systemUs;
    return { seconds, userUs, systemUs, clientCore: (user + system) / 1e6 / seconds, serverCore: (userUs + systemUs) / 1e6 / seconds };
  };
}

/** Resident memory once it has stopped changing much, since a fresh process still tidies up. */
export async function settledMemory(server: ServerProcess, settleMs: number): Promise<number> {
  await pause(settleMs);
  return server.pids.length === 0 ? Number.NaN : residentBytes(server.pids);
}
