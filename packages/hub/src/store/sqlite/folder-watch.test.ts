import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HubError } from '@parley/protocol';
import { testStoreOptions } from '@parley/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { AppendRequest } from '../../ports/store.ts';
import { makeFolder, removeFolder } from './folder.test-support.ts';
import { watchFolder } from './folder-watch.ts';
import { openSqliteStore } from './open.ts';

let parent = '';
let folder = '';
beforeEach(() => {
  parent = makeFolder();
  folder = join(parent, 'data');
});
afterEach(() => removeFolder(parent));

/** Time passes when the test says so. */
function manualClock() {
  const due: { atMs: number; run: () => void }[] = [];
  let nowMs = 0;
  const clock: Clock = {
    ...systemClock,
    monotonic: () => nowMs,
    after(delayMs, run) {
      const entry = { atMs: nowMs + delayMs, run };
      due.push(entry);
      return () => void due.splice(due.indexOf(entry) >>> 0, 1);
    },
  };
  const pass = (ms: number): void => {
    nowMs += ms;
    for (const entry of due.filter(({ atMs }) => atMs <= nowMs)) {
      due.splice(due.indexOf(entry), 1);
      entry.run();
    }
  };
  return { clock, pass };
}

const direct: AppendRequest = {
  ...{ kind: 'direct', senderId: 'bob', recipientId: 'ann', type: 'text', content: '1', createdAtMs: 1, storedAtMs: 1 },
  ...{ clientMsgId: undefined, receipt: false, trusted: false },
};

test.for([
  ['removed', () => rmSync(folder, { recursive: true })],
  ['moved', () => renameSync(folder, join(parent, 'elsewhere'))],
  [
    'replaced by a copy',
    () => {
      cpSync(folder, join(parent, 'copy'), { recursive: true });
      renameSync(folder, join(parent, 'elsewhere'));
      renameSync(join(parent, 'copy'), folder);
    },
  ],
  ['left without its database', () => rmSync(join(folder, 'parley.db'))],
  ['left without its log', () => rmSync(join(folder, 'parley.db-wal'))],
  ['left without its lock', () => rmSync(join(folder, 'parley.lock'))],
] as const)('a data folder that is %s is noticed, and nothing is acknowledged after that', async ([, harm]) => {
  mkdirSync(folder);
  const { clock, pass } = manualClock();
  const failed = Promise.withResolvers<HubError>();
  const store = await openSqliteStore({ ...testStoreOptions, dataFolder: folder, clock, onFailed: failed.resolve });
  await store.append(direct);
  harm();
  // A look takes a while, so time passes until one has ended.
  const timer = setInterval(() => pass(2_000), 5);
  const { code, cause } = await failed.promise;
  clearInterval(timer);
  expect(code).toBe('storage_failed');
  expect(String(cause)).toMatch(/was removed, moved or replaced while the hub was running: put the data folder back/);
  await expect(store.append(direct)).rejects.toBeInstanceOf(HubError);
  await store.close();
});

test('a folder with the same files under the same names is another folder', { timeout: 10_000 }, async () => {
  mkdirSync(folder);
  for (const file of ['parley.db', 'parley.db-wal', 'parley.lock']) writeFileSync(join(folder, file), '');
  const { clock, pass } = manualClock();
  const lost = Promise.withResolvers<string>();
  watchFolder({ folder, clock, onLost: lost.resolve });
  cpSync(folder, join(parent, 'copy'), { recursive: true });
  renameSync(folder, join(parent, 'elsewhere'));
  renameSync(join(parent, 'copy'), folder);
  pass(2_000);
  expect(await lost.promise).toContain(folder);
});
