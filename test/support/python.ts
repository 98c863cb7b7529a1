/** The stock Python client, as Debian packages it (python3-socketio, and python3-websocket for WebSocket). */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { ReceivedEvent } from './client.ts';

export const python = '/usr/bin/python3';

const packages = { socketio: 'python3-socketio', requests: 'python3-requests', websocket: 'python3-websocket' };

/** What would have to be installed for it. */
export const pythonMissing: readonly string[] = Object.entries(packages).flatMap(([module, name]) =>
  spawnSync(python, ['-c', `import ${module}`]).status === 0 ? [] : [name],
);

/** Runs a script of the folder `test/e2e/python` to its end. It prints one event a line. */
export async function runPython(script: string, ...args: string[]): Promise<readonly ReceivedEvent[]> {
  const file = fileURLToPath(new URL(`../e2e/python/${script}`, import.meta.url));
  const child = spawn(python, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000 });
  const ended = once(child, 'exit');
  const events: ReceivedEvent[] = [];
  for await (const line of createInterface({ input: child.stdout })) events.push(JSON.parse(line));
  await ended;
  expect({ code: child.exitCode, events }).toMatchObject({ code: 0 });
  return events;
}
