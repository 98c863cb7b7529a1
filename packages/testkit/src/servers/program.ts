/** A server of its own for a test: a program on a free port of 127.0.0.1, with a folder that goes with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface TestServer {
  readonly port: number;
  /** For what the program needs: it is removed by `dispose`. */
  readonly folder: string;
  /** As `kill -9` does. */
  kill(): Promise<void>;
  /** On the same port again. */
  start(): Promise<void>;
  /** It keeps its connections and answers nothing, from when this resolves. */
  freeze(): Promise<void>;
  thaw(): void;
  dispose(): Promise<void>;
}

export interface Program {
  readonly path: string;
  args(port: number, folder: string): readonly string[] | Promise<readonly string[]>;
}

/** Where a program is; undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/usr/bin'];
  return folders.map((folder) => join(folder, name)).find(existsSync);
}

const startTimeoutMs = 15_000;

export async function startProgram(program: Program): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-server-'));
  const port = await freePort();
  const args = await program.args(port, folder);
  let child = await run(program.path, args, port);
  return {
    port,
    folder,
    async kill() {
      await end(child);
    },
    async start() {
      await end(child);
      child = await run(program.path, args, port);
    },
    async freeze() {
      child.kill('SIGSTOP');
      while (!(await hasStopped(child.pid))) await pause();
    },
    thaw() {
      child.kill('SIGCONT');
    },
    async dispose() {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function run(path: string, args: readonly string[], port: number): Promise<ChildProcess> {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-2_000);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const untilMs = performance.now() + startTimeoutMs;
  while (!(await accepts(port))) {
    if (child.exitCode === null && performance.now() < untilMs) continue;
    await end(child);
    throw new Error(`${path} does not start:\n${output}`);
  }
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** A thread that is running stops a little later than the signal is sent. Only Linux tells. */
async function hasStopped(pid: number | undefined): Promise<boolean> {
  const folder = `/proc/${pid}/task`;
  const threads = await readdir(folder).catch(() => []);
  const states = await Promise.all(threads.map((thread) => readFile(`${folder}/${thread}/stat`, 'utf8').catch(() => '')));
  return states.every((state) => state === '' || /\) [TtXZ] [^)]*$/.test(state));
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

/** Whether something listens there. Asks once, and waits a little when nothing does. */
async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    await pause();
    return false;
  } finally {
    socket.destroy();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
