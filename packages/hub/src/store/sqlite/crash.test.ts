import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { testStoreOptions } from '@parley/testkit';
import { expect, test } from 'vitest';
import type { Store } from '../../ports/store.ts';
import { StoreStartError } from '../start-error.ts';
import { makeFolder, removeFolder } from './folder.test-support.ts';
import { openSqliteStore } from './open.ts';

const child = fileURLToPath(new URL('./crash-child.test-support.ts', import.meta.url));

function open(dataFolder: string): Promise<Store> {
  return openSqliteStore({ ...testStoreOptions, dataFolder });
}

/** Runs the child, kills it in the middle of its appends, and returns what was acknowledged before it died. */
async function appendUntilKilled(folder: string, round: string, whileRunning: () => Promise<void>): Promise<readonly string[]> {
  const running = spawn(process.execPath, [child, folder, round], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: running.stdout })) {
    acknowledged.push(line);
    if (acknowledged.length === 100) await whileRunning();
    if (acknowledged.length === 500) running.kill('SIGKILL');
  }
  return acknowledged;
}

test('kill -9 in the middle of appends loses no acknowledged message and frees the folder', { timeout: 60_000 }, async () => {
  const folder = makeFolder();
  const acknowledged: string[] = [];
  for (const round of ['first', 'second']) {
    const refused = async () => void (await expect(open(folder)).rejects.toBeInstanceOf(StoreStartError));
    acknowledged.push(...(await appendUntilKilled(folder, round, refused)));
  }
  expect(acknowledged.length).toBeGreaterThan(999);

  const store = await open(folder);
  const stored = new Set<string>();
  for (const stream of ['user:ann 0', 'user:ann 1', 'user:ann 2']) {
    const messages = await store.readStream({ stream, afterSeq: 0, uptoSeq: 1e9, limit: 1e6, bytesMax: 1e9 });
    expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index + 1));
    for (const message of messages) if ('content' in message) stored.add(message.content);
  }
  expect(acknowledged.filter((content) => !stored.has(content))).toEqual([]);
  expect(await store.counts()).toMatchObject({ messages: stored.size, queued: stored.size });
  await store.close();
  removeFolder(folder);
});
