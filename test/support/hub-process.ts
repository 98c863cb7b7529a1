/** A real hub in a process of its own, to be asked over the network, ended and killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../packages/hub/src/main.ts', import.meta.url));
/** Keeps what Node makes of the sources: a start takes a third of the time, and tests start many hubs. */
const compileCache = fileURLToPath(new URL('../../node_modules/.cache/parley-compile', import.meta.url));
const startTimeoutMs = 15_000;

export interface HubProcess {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the process has ended; null if a signal ended it. */
  readonly exitCode: Promise<number | null>;
  /** All that the process has printed so far. */
  output(): string;
  /** SIGTERM. Resolves with the exit code when the process has ended, which is null if a signal ended it. */
  stop(): Promise<number | null>;
  /** kill -9. Resolves when the process has ended; does nothing if it has. */
  kill(): Promise<void>;
  /** Any signal, such as SIGSTOP and SIGCONT. */
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

export interface HubProcessOptions {
  /** The folder of the database; it is left alone when the process ends. Absent if `args` name another store. */
  readonly data?: string;
  /** A free one if absent. Give it to come back where clients expect the hub. */
  readonly port?: number;
  /** More options, as on the command line. */
  readonly args?: readonly string[];
  /** How many files and sockets the process may have open. */
  readonly openFilesMax?: number;
  /** More environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The environment of a hub that ends when it holds more than this on its heap: so memory is judged by what is held, not by when it is collected. */
export const smallHeap = { NODE_OPTIONS: '--max-old-space-size=128' } as const;

/** Starts a hub and resolves when it accepts connections; rejects with what it printed if it doesn't come to that. */
export async function startHubProcess({ data, port = 0, args = [], openFilesMax, env = {} }: HubProcessOptions): Promise<HubProcess> {
  const hub = [process.execPath, main, '--port', String(port), ...(data === undefined ? [] : ['--data', data]), ...args];
  // The shell sets the limit and becomes the hub, so that its pid and signals are the hub's.
  const limit = openFilesMax === undefined ? '' : `ulimit -n ${openFilesMax}; `;
  const child = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', ...hub], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache, ...env },
  });
  let output = '';
  const ended = once(child, 'exit');
  // A test that runs out of time while the hub starts has nobody left to end it.
  const killWithParent = () => child.kill('SIGKILL');
  process.once('exit', killWithParent);
  child.once('exit', () => process.off('exit', killWithParent));
  const collect = (chunk: string) => {
    output += chunk;
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);

  const url = await listeningUrl(child, () => output);
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid ?? -1,
    exitCode: ended.then(() => child.exitCode),
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    signal(name) {
      child.kill(name);
    },
    ended: ended.then(() => {}),
  };
}

/** A new empty folder, and what removes it. */
export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'parley-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

function listeningUrl(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timeout = setTimeout(() => fail(`did not start within ${startTimeoutMs} ms`), startTimeoutMs);
    const fail = (what: string) => {
      clearTimeout(timeout);
      child.kill('SIGKILL');
      reject(new Error(`The hub ${what}. It printed:\n${output()}`));
    };
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => fail(`ended (${code ?? signal}) instead of listening`));
    child.stdout?.on('data', () => {
      const url = /^parley listening on (http:\/\/\S+)$/m.exec(output())?.[1];
      if (url === undefined) return;
      clearTimeout(timeout);
      resolve(url);
    });
  });
}
