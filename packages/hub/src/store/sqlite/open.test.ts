import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { HubError } from '@parley/protocol';
import { testStoreOptions } from '@parley/testkit';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AppendRequest, Store } from '../../ports/store.ts';
import { StoreStartError } from '../start-error.ts';
import { copyAsKilled, makeFolder, removeFolder } from './folder.test-support.ts';
import { openSqliteStore, type SqliteOptions } from './open.ts';

let folder = '';
let failures: HubError[] = [];

beforeEach(() => {
  folder = makeFolder();
  failures = [];
});
afterEach(() => removeFolder(folder));

function open(options: Partial<SqliteOptions> = {}): Promise<Store> {
  return openSqliteStore({
    ...testStoreOptions,
    dataFolder: folder,
    onFailed: (error) => failures.push(error),
    ...options,
  });
}

function direct(content: string, createdAtMs = 1): AppendRequest {
  return {
    kind: 'direct',
    senderId: 'bob',
    recipientId: 'ann',
    type: 'text',
    content,
    createdAtMs,
    storedAtMs: createdAtMs,
    clientMsgId: undefined,
    receipt: false,
    trusted: false,
  };
}

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'stored',
    (error: unknown) => (error instanceof HubError ? error.code : error),
  );
const file = () => join(folder, 'parley.db');

describe('a start is refused with one sentence that says what to do', () => {
  const refusal = async (options: Partial<SqliteOptions> = {}): Promise<string> => {
    const error = await open(options).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StoreStartError);
    return error instanceof StoreStartError ? error.message : '';
  };

  test('on a folder that cannot be written', async () => {
    writeFileSync(join(folder, 'plain'), '');
    expect(await refusal({ dataFolder: join(folder, 'plain', 'data') })).toMatch(
      /data folder .* cannot be written .*: correct its permissions, or choose another one with --data\.$/,
    );
  });

  // mkdir with `recursive` never returned here.
  test.runIf(process.platform === 'linux')('on a folder below one in which nothing can be made', async () => {
    expect(await refusal({ dataFolder: '/proc/parley/data' })).toMatch(/data folder .* cannot be written/);
  });

  test('on a database file that cannot be opened', async () => {
    mkdirSync(file());
    expect(await refusal()).toMatch(/parley\.db cannot be written .* --data\.$/);
  });

  test('on a file that is not a database', async () => {
    writeFileSync(file(), 'not a database, but long enough to be read as one. '.repeat(100));
    expect(await refusal()).toMatch(/is damaged or not a database .*: restore a backup, or save what is readable .*integrity_check/);
    expect(readFileSync(file(), 'utf8')).toContain('not a database, but');
  });

  test("on another program's database", async () => {
    new Database(file()).exec('CREATE TABLE theirs (a)').close();
    expect(await refusal()).toMatch(/database of another program: move it away, or choose another data folder/);
  });

  test('on a database of a newer Parley', async () => {
    await (await open()).close();
    const db = new Database(file());
    db.pragma('user_version = 999');
    db.close();
    expect(await refusal()).toMatch(/newer Parley \(schema 999, this one knows \d+\): start that version, or restore the backup/);
  });

  test('while another hub runs on the folder, and no longer when that has ended', async () => {
    const first = await open();
    expect(await refusal()).toMatch(/^Another hub runs on the data folder .*: stop it, or give this one its own folder with --data\.$/);
    expect(await codeOf(first.append(direct('1')))).toBe('stored');
    await first.close();
    await (await open()).close();
  });

  test('on a file that was damaged when the hub was killed', async () => {
    const store = await open();
    for (let count = 0; count < 300; count += 1) await store.append(direct(`"${'x'.repeat(1_000)}"`));
    await store.close();
    const reopened = await open();
    const killed = copyAsKilled(folder);
    await reopened.close();
    const descriptor = openSync(join(killed, 'parley.db'), 'r+');
    const bytes = statSync(join(killed, 'parley.db')).size;
    for (let at = 20 * 4_096; at < bytes; at += 3 * 4_096) writeSync(descriptor, Buffer.alloc(4_096, 0x5a), 0, 4_096, at);
    closeSync(descriptor);
    expect(await refusal({ dataFolder: killed })).toMatch(/is damaged/);
    removeFolder(killed);
  });
});

test('a first start that was cut short before the schema was made is taken up', async () => {
  const db = new Database(file());
  db.pragma('journal_mode = WAL');
  db.close();
  const store = await open();
  expect(await codeOf(store.append(direct('1')))).toBe('stored');
  await store.close();
});

test('a clean close leaves one file with everything in it', async () => {
  const store = await open();
  await store.append(direct('1'));
  await store.close();
  expect(readdirSync(folder).toSorted()).toEqual(['parley.db', 'parley.lock']);
  const db = new Database(file(), { readonly: true });
  expect(db.prepare('SELECT content FROM messages').pluck().all()).toEqual(['1']);
  db.close();
});

test('a full database refuses appends with storage_full, and heals when something has expired', async () => {
  const store = await open({ databaseBytesMax: 400_000 });
  const content = `"${'x'.repeat(30_000)}"`;
  const codes: unknown[] = [];
  for (let count = 0; count < 20; count += 1) codes.push(await codeOf(store.append(direct(content))));
  expect(new Set(codes)).toEqual(new Set(['stored', 'storage_full']));
  expect(codes.at(-1)).toBe('storage_full');
  expect(await store.counts()).toMatchObject({ messages: codes.filter((code) => code === 'stored').length });
  await store.expire({ deliveredMs: 1, undeliveredMs: 1 }, 1_000);
  expect(await codeOf(store.append(direct(content)))).toBe('stored');
  expect(failures).toEqual([]);
  await store.close();
});

test('appends above the bound of the queue are refused with overloaded, and the rest is stored', async () => {
  const store = await open({ pendingWritesMax: 3 });
  const codes = await Promise.all(Array.from({ length: 5 }, () => codeOf(store.append(direct('1')))));
  expect(codes).toEqual(['stored', 'stored', 'stored', 'overloaded', 'overloaded']);
  expect(await codeOf(store.append(direct('1')))).toBe('stored');
  await store.close();
});

test('when a commit fails nothing is acknowledged any more, it is told once, and reads go on', async () => {
  const store = await open();
  await store.append(direct('1'));
  const saboteur = new Database(file());
  saboteur.exec('ALTER TABLE cursors RENAME TO lost');
  saboteur.close();
  const advance = store.advance([{ userId: 'ann', deviceId: '', stream: 'user:ann', seq: 1 }], 1);
  const codes = await Promise.all([advance, store.append(direct('2')), store.append(direct('3'))].map((call) => codeOf(call)));
  expect(codes).toEqual(['storage_failed', 'storage_failed', 'storage_failed']);
  expect(await codeOf(store.append(direct('4')))).toBe('storage_failed');
  expect(failures.map(({ code }) => code)).toEqual(['storage_failed']);
  expect(await store.counts()).toMatchObject({ messages: 1 });
  await store.close();
});

test('the event loop does not wait for the disk', async () => {
  const store = await open();
  const pending = Promise.all(Array.from({ length: 2_000 }, () => store.append(direct(`"${'x'.repeat(1_000)}"`))));
  let turns = 0;
  let isDone = false;
  void pending.then(() => (isDone = true));
  while (!isDone) {
    turns += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(turns).toBeGreaterThan(10);
  await store.close();
});

test('under steady load the log is copied into the database beside the commits, and is reused', async () => {
  const store = await open();
  const content = JSON.stringify('x'.repeat(20_000));
  // 100 MB in all.
  for (let round = 0; round < 50; round++) {
    await Promise.all(Array.from({ length: 100 }, () => store.append(direct(content))));
  }
  expect(statSync(`${file()}-wal`).size).toBeLessThan(50e6);
  expect(statSync(file()).size).toBeGreaterThan(70e6);
  await store.close();
});
