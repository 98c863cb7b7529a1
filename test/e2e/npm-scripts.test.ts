/** What `npm start` and its like do beyond the program that they start. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/hub-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The hub refuses variables that are not its own. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_')));

/** Starts npm in a process group of its own, which ends with the test, whatever happens. */
function npm(...args: readonly string[]) {
  const child = spawn('npm', args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // All of them are gone.
    }
  });
  return child;
}

test.each(['SIGTERM', 'SIGKILL'] as const)('the hub ends with its npm process on %s', async (signal) => {
  const folder = await temporaryFolder();
  onTestFinished(folder.remove);
  const child = npm('start', '--', '--port', '0', '--data', folder.path);
  const lines = createInterface({ input: child.stdout });
  const [url] = await new Promise<RegExpMatchArray>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`npm start ended with ${code}`)));
    lines.on('line', (line) => {
      const match = /http:\/\/\S+$/.exec(line);
      if (line.startsWith('parley listening on ') && match !== null) resolve(match);
    });
  });
  expect((await fetch(`${url}/health`)).status).toBe(200);
  child.kill(signal);
  await once(child, 'exit');
  await expect.poll(() => isFree(Number(new URL(url).port)), { timeout: 5000 }).toBe(true);
});

test('npm start --port 5189, without the dashes that npm asks for, is told of and starts nothing', async () => {
  const child = npm('start', '--port', '5189');
  let told = '';
  child.stderr.on('data', (chunk) => {
    told += chunk;
  });
  const [code] = await once(child, 'exit');
  expect(code).toBe(2);
  expect(told).toContain('npm has kept --port for itself: options of the hub stand after a "--" of their own, as in npm start -- --port …');
});

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
