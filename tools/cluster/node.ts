/** One node of the cluster that `npm run cluster` starts: a hub in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../packages/hub/src/main.ts', import.meta.url));
/** Ends a node whose starter is gone, even if that was killed. */
const endWithParent = new URL('../end-with-npm.mjs', import.meta.url).href;

export interface RunningNode {
  readonly pid: number;
  /** True when it accepts connections, false if it has ended before. */
  readonly started: Promise<boolean>;
  readonly ended: Promise<void>;
  /** SIGTERM. */
  stop(): void;
}

/** `print` gets what the node prints, line by line. */
export function startNode(args: readonly string[], print: (line: string) => void): RunningNode {
  // In a group of its own, so that Ctrl-C reaches it once, by `stop`.
  const child = spawn(process.execPath, ['--max-semi-space-size=8', '--import', endWithParent, main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = once(child, 'exit').then(() => {});
  void printLines(child.stderr, print);
  return { pid: child.pid ?? 0, started: started(child, ended), ended, stop: () => child.kill('SIGTERM') };
}

async function started(child: ChildProcess, ended: Promise<void>): Promise<boolean> {
  if (child.stdout === null) return false;
  const isListening = once(child.stdout, 'data').then(() => true);
  return Promise.race([isListening, ended.then(() => false)]);
}

async function printLines(stream: NodeJS.ReadableStream, print: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream })) print(line);
}
