/**
 * `npm run test:setup`: the first commands of a newcomer, in a fresh clone on machines with nothing but Node and npm. Nothing
 * may be compiled or fetched from elsewhere, and `npm start` may write as much as stands here.
 *
 * The clone is of the last commit: what is not committed is not tried.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type BareMachine, MachineRoom, megabytesOf, succeed } from '../support/bare-machine.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const startTimeoutMs = 180_000;
/** What `npm start` may write into the clone: with the pinned Node, and where the machine's is new enough. */
const megabytesMax = { pinned: 330, without: 80 };

const room = new MachineRoom();
try {
  for (const [node, npm] of [
    ['20', '10'],
    ['22', '11'],
    ['24', '10'],
    ['26', '11'],
  ] as const) {
    await tryOut(room.machine({ node, npm }), node === '20' ? megabytesMax.pinned : megabytesMax.without);
  }
  console.log('\nA newcomer needs Node and npm, and nothing else.');
} finally {
  room.empty();
}

async function tryOut(machine: BareMachine, startMax: number): Promise<void> {
  const clone = mkdtempSync(join(tmpdir(), 'parley-clone-'));
  try {
    succeed('git', ['clone', '--quiet', root, clone], root);
    const clonedMb = megabytesOf(clone);
    const startedMs = performance.now();
    await startAndStop(machine, clone);
    const seconds = (performance.now() - startedMs) / 1000;
    const writtenMb = megabytesOf(clone) - clonedMb;
    const figures = `${writtenMb.toFixed(0)} MB written, at most ${startMax}; npm's cache ${megabytesOf(machine.home).toFixed(0)} MB`;
    console.log(`${machine.name}: npm start listens after ${seconds.toFixed(1)} s (${figures})`);
    if (writtenMb > startMax) throw new Error(`npm start writes too much on ${machine.name}: ${figures}`);

    machine.run(clone, 'npm', 'test', '--', 'packages/protocol');
    console.log(`${machine.name}: npm test runs`);
    machine.run(clone, 'npm', 'ci', '--omit=dev');
    if (!/^\d+\.\d+\.\d+$/m.test(machine.run(clone, 'npm', 'start', '--', '--version')))
      throw new Error('npm start does not print its version');
    console.log(`${machine.name}: npm start runs after npm ci`);
  } finally {
    rmSync(clone, { recursive: true, force: true });
  }
}

/** `npm start` until it listens, then SIGTERM to npm, as a supervisor would send it. */
async function startAndStop({ env }: BareMachine, clone: string): Promise<void> {
  const npm = spawn(join(env.PATH ?? '', 'npm'), ['start', '--', '--port', '0'], { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(npm, 'exit');
  const timer = setTimeout(() => npm.kill('SIGKILL'), startTimeoutMs);
  let printed = '';
  npm.stderr.on('data', (chunk) => {
    printed += chunk;
  });
  try {
    for await (const line of createInterface({ input: npm.stdout })) {
      printed += `${line}\n`;
      if (line.startsWith('parley listening on ')) npm.kill('SIGTERM');
    }
    const [code] = await ended;
    if (code !== 0 || !printed.includes('parley listening on ')) throw new Error(`npm start ended with ${code}:\n${printed}`);
  } finally {
    clearTimeout(timer);
  }
}
