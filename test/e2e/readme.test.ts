/** The samples of the documentation are run as they stand there, so that they stay true. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandTable } from '@parley/protocol';
import { expect, onTestFinished } from 'vitest';
import { test } from '../support/fixtures.ts';
import { python, pythonMissing } from '../support/python.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
/** Below node_modules, so that a sample finds the packages that it imports. */
const scratch = join(root, 'node_modules/.cache/samples');

/** The code blocks of a language, in their order. */
const samples = (language: string): string[] =>
  [...readme.matchAll(/```(\w+)\n([\s\S]*?)```/g)].filter(([, name]) => name === language).map(([, , code = '']) => code);

interface RunningSample {
  output(): string;
}

/** Runs a sample with another address in it, until the test is over. */
async function run(command: string, file: string, code: string | undefined, url: string): Promise<RunningSample> {
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, 'run-'));
  const path = join(folder, file);
  await writeFile(path, code?.replaceAll('http://localhost:5000', url) ?? expect.fail('no such sample'));
  const child = spawn(command, [path], { cwd: dirname(path), env: { ...process.env, PYTHONUNBUFFERED: '1' } });
  let output = '';
  const collect = (chunk: string) => {
    output += chunk;
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  return { output: () => output };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : expect.fail('no port');
}

const until = (sample: RunningSample, words: string) => expect.poll(() => sample.output(), { timeout: 20_000 }).toContain(words);

test('the JavaScript sample of the README talks, and still listens after the hub was killed', async ({ startHub, connectAs }) => {
  let hub = await startHub();
  const sample = await run(process.execPath, 'sample.mjs', samples('js')[0], hub.url);
  const friend = await connectAs(hub.url, 2);
  expect(await friend.waitFor('message', 1, 20_000)).toMatchObject([{ sender_id: 1, content: 'Hello!' }]);
  await until(sample, 'Hello room!');
  await friend.send('message', { recipient_id: 1, content: 'before' });
  await until(sample, 'before');

  await hub.kill();
  hub = await startHub({ port: hub.port });
  const sender = await connectAs(hub.url, 3);
  await sender.send('message', { recipient_id: 1, content: 'after' });
  await until(sample, 'after');
  expect(sample.output()).not.toContain('Refused');
});

test('the Python sample of the README talks, and still listens after the hub was killed', async ({ skip, startHub, connectAs }) => {
  if (pythonMissing.length > 0) skip(`not installed: ${pythonMissing.join(', ')}`);
  let hub = await startHub();
  const friend = await connectAs(hub.url, 1);
  await friend.send('message', { recipient_id: 2, content: 'waiting' });
  const sample = await run(python, 'sample.py', samples('python')[0], hub.url);
  expect(await friend.waitFor('message', 1, 20_000)).toMatchObject([{ sender_id: 2, content: 'Hello from Python!' }]);
  await until(sample, 'waiting');

  await hub.kill();
  hub = await startHub({ port: hub.port });
  const sender = await connectAs(hub.url, 3);
  await sender.send('message', { recipient_id: 2, content: 'after' });
  await until(sample, 'after');
});

test('the library sample of the README serves beside the application', async ({ connectAs }) => {
  const port = await freePort();
  const code = samples('js')[1]?.replace('listen(5000)', `listen(${port})`);
  const sample = await run(process.execPath, 'sample.mjs', code, '');
  const url = `http://127.0.0.1:${port}`;
  await expect.poll(() => fetch(url).then((response) => response.text(), String), { timeout: 20_000 }).toBe('my application');
  const reader = await connectAs(url, 1);
  expect(await reader.waitFor('message')).toMatchObject([{ content: { text: 'Your order has shipped.' } }]);
  expect(sample.output()).toBe('');
});

/** Who sends, which everybody may leave out. */
const ownKeys = ['user_id', 'sender_id'];

test.for(Object.entries(commandTable))('the README names the keys of %s and its reply', ([name, { schema, reply }]) => {
  const row = readme.split('\n').find((line) => line.split('|')[1]?.includes(`\`${name}\``)) ?? expect.fail('no row');
  const forms: readonly object[] = 'anyOf' in schema ? schema.anyOf : [schema];
  const keys = new Set(forms.flatMap((form) => ('properties' in form && form.properties ? Object.keys(form.properties) : [])));
  for (const key of [reply, ...keys].filter((word) => name === 'register' || !ownKeys.includes(word))) expect(row).toContain(key);
});
