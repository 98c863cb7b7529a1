import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const listening = /^parley listening on http:\/\/127\.0\.0\.1:(\d+)\n$/;

/** The hub as a process. It is ended with the test, whatever happens. */
function startHub(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const ended = once(child, 'close').then(([code]: unknown[]) => ({ code, ...output }));
  return {
    ended,
    stop(signal: NodeJS.Signals) {
      child.kill(signal);
      return ended;
    },
    /** The port, once the hub accepts connections. */
    async port(): Promise<number> {
      while (!output.stdout.includes('\n')) {
        const event = await Promise.race([once(child.stdout, 'data'), ended]);
        if (!Array.isArray(event)) throw new Error(`The hub did not start: ${event.stderr}`);
      }
      return Number(listening.exec(output.stdout)?.[1]);
    },
  };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-main-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test.each(['SIGTERM', 'SIGINT'] as const)('says one line when it accepts connections, and stops on %s', async (signal) => {
  const hub = startHub(['--port', '0', '--data', temporaryFolder()]);
  const port = await hub.port();
  const health = await fetch(`http://127.0.0.1:${port}/health`);
  expect(health.status).toBe(200);
  expect(await hub.stop(signal)).toMatchObject({ code: 0, stdout: `parley listening on http://127.0.0.1:${port}\n` });
});

test('a start that fails is one line that says what to do, and exit code 1', async () => {
  const folder = temporaryFolder();
  const first = join(folder, 'first');
  const port = await startHub(['--port', '0', '--data', first]).port();
  const [busyPort, busyFolder, noFolder] = await Promise.all([
    startHub(['--port', String(port), '--data', join(folder, 'second')]).ended,
    startHub(['--port', '0', '--data', first]).ended,
    startHub(['--port', '0', '--data', '/dev/null/folder']).ended,
  ]);
  expect(busyPort).toEqual({
    code: 1,
    stdout: '',
    stderr: `parley: Port ${port} of 127.0.0.1 is in use by another program. Choose another one with --port.\n`,
  });
  expect(busyFolder).toMatchObject({ code: 1, stderr: expect.stringMatching(/^parley: Another hub .*\n$/) });
  expect(noFolder).toMatchObject({ code: 1, stderr: expect.stringMatching(/^parley: The data folder \/dev\/null\/folder .*\n$/) });
});

test('wrong options are told at once, with exit code 2', async () => {
  const { code, stdout, stderr } = await startHub(['--port', 'x', '--dtaa', 'y']).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toBe(
    'parley: Unknown option --dtaa. Did you mean --data?\nparley: port must be a whole number from 0 to 65535, not "x" (from --port).\n',
  );
});

test('beside a Kubernetes service named parley-web it starts, with one warning', async () => {
  const hub = startHub(['--port', '0', '--data', ':memory:'], {
    PARLEY_WEB_SERVICE_HOST: '10.0.0.1',
    PARLEY_WEB_PORT: 'tcp://10.0.0.1:5000',
  });
  await hub.port();
  const { code, stderr } = await hub.stop('SIGTERM');
  const warnings = stderr.split('\n').filter((line) => line.includes('"warn"'));
  expect({ code, warnings }).toEqual({ code: 0, warnings: [expect.stringContaining('["PARLEY_WEB_SERVICE_HOST","PARLEY_WEB_PORT"]')] });
});

test('--help and --version answer on standard output', async () => {
  expect(await startHub(['--help']).ended).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^Usage: parley/) });
  expect(await startHub(['--version']).ended).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});
