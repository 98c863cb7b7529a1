/** Files with changed bytes and lost pages: nothing wrong comes out, nothing stops silently, and what is well goes on. */
import { closeSync, cpSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { HubError } from '@parley/protocol';
import { testStoreOptions } from '@parley/testkit';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppendRequest, LogEntry, Store, StoredMessage, StreamId } from '../../ports/store.ts';
import { StoreStartError } from '../start-error.ts';
import { makeFolder, removeFolder } from './folder.test-support.ts';
import { openSqliteStore, type SqliteOptions } from './open.ts';

const inboxes = ['ann', 'bob', 'cleo'];
const streams: readonly StreamId[] = [...inboxes.map((id) => `user:${id}`), 'room:tea'];
const perStream = 120;
const pageBytes = 4096;

let original = '';
const stored = new Map<StreamId, StoredMessage[]>();

const content = (stream: StreamId, index: number): string =>
  JSON.stringify({ stream, index, text: 'é😀x'.repeat(index % 17 === 0 ? 900 : index % 40) });
const common = { senderId: 'dan', type: 'text', createdAtMs: 1_764_000_000_000, storedAtMs: 5 };
const request = (stream: StreamId, index: number): AppendRequest =>
  stream.startsWith('room:')
    ? { kind: 'room', roomId: 'tea', echo: true, membersOnly: true, ...common, clientMsgId: undefined, content: content(stream, index) }
    : {
        kind: 'direct',
        recipientId: stream.slice(5),
        receipt: false,
        trusted: false,
        ...common,
        clientMsgId: `c${index}`,
        content: content(stream, index),
      };

beforeAll(async () => {
  original = makeFolder();
  const onAppended = (messages: readonly StoredMessage[]): void => {
    for (const message of messages) stored.set(message.stream, [...(stored.get(message.stream) ?? []), message]);
  };
  const store = await openSqliteStore({ ...testStoreOptions, onAppended, dataFolder: original });
  await store.createRoom({ roomId: 'tea', name: 'Tea', createdBy: 'dan', createdAtMs: 1, isPrivate: false, maxMembers: 9 }, () => {});
  for (let index = 1; index <= perStream; index += 1) await Promise.all(streams.map((stream) => store.append(request(stream, index))));
  await store.close();
});
afterAll(() => removeFolder(original));

/** A copy of the file, changed. */
function damagedCopy(change: (write: (at: number, bytes: Uint8Array) => void, size: number) => void): string {
  const folder = makeFolder();
  cpSync(join(original, 'parley.db'), join(folder, 'parley.db'));
  const descriptor = openSync(join(folder, 'parley.db'), 'r+');
  change((at, bytes) => writeSync(descriptor, bytes, 0, bytes.length, at), statSync(join(folder, 'parley.db')).size);
  closeSync(descriptor);
  return folder;
}

const open = (folder: string, options: Partial<Parameters<typeof openSqliteStore>[0] & SqliteOptions> = {}) =>
  openSqliteStore({ ...testStoreOptions, dataFolder: folder, ...options });

async function readAll(store: Store, stream: StreamId): Promise<readonly LogEntry[]> {
  const all: LogEntry[] = [];
  for (;;) {
    const afterSeq = all.at(-1)?.seq ?? 0;
    const page = await store.readStream({ stream, afterSeq, uptoSeq: perStream, limit: 50, bytesMax: 100_000 });
    if (page.length === 0) return all;
    all.push(...page);
  }
}

/** Every `seq` is there once and in order, as what was stored or as damaged; returns how many are damaged. */
async function judge(store: Store): Promise<number> {
  let damaged = 0;
  for (const stream of streams) {
    const entries = await readAll(store, stream);
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: perStream }, (_, index) => index + 1));
    for (const entry of entries) {
      if ('damaged' in entry) damaged += 1;
      else expect(entry).toEqual(stored.get(stream)?.[entry.seq - 1]);
    }
  }
  for (const userId of inboxes) {
    const of = { withUserId: 'dan' };
    const page = await store.history({ userId, of, beforeId: undefined, afterId: undefined, limit: 500, bytesMax: 1e7 });
    for (const { deliveredAtMs: _, ...message } of page.messages) expect(message).toEqual(stored.get(`user:${userId}`)?.[message.seq - 1]);
  }
  return damaged;
}

/** Small, seeded, and the same everywhere. */
function randomOf(seed: number): (max: number) => number {
  let state = seed * 2_654_435_761;
  return (max) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9) >>> 0;
    return state % max;
  };
}

const refusedAlone = (error: unknown): unknown => {
  if (error instanceof HubError && error.code === 'storage_damaged') return undefined;
  throw error;
};

/** What a hub does with its store: readers come, acknowledge all they have and go, and messages are stored. */
async function live(store: Store): Promise<void> {
  for (const userId of inboxes) {
    const reader = { userId, deviceId: '' };
    const position = { stream: `user:${userId}`, seq: perStream };
    await store.openReader(reader, 1, () => {}).catch(refusedAlone);
    await store.advance([{ ...reader, ...position }], 1);
    await store.closeReader(reader, [position], true).catch(refusedAlone);
    const appended = await store.append(request(`user:${userId}`, 1_000)).catch(refusedAlone);
    if (appended !== undefined) expect(appended).toMatchObject({ seq: perStream + 1, duplicate: false });
  }
}

describe('a damaged file', () => {
  const kinds = ['20 changed bytes', 'a page of zeros', 'a changed page'] as const;
  const cases = kinds.flatMap((kind) => Array.from({ length: 25 }, (_, seed) => [kind, seed + 1] as const));

  test.each(cases)('%s, seed %i: refused with a sentence, or read without a wrong or a missing message', async (kind, seed) => {
    const random = randomOf(seed);
    const folder = damagedCopy((write, size) => {
      const page = random(size / pageBytes) * pageBytes;
      if (kind === '20 changed bytes') for (let count = 0; count < 20; count += 1) write(random(size), Uint8Array.of(random(256)));
      else write(page, new Uint8Array(pageBytes).fill(kind === 'a page of zeros' ? 0 : 0x5a));
    });
    const failures: HubError[] = [];
    const store = await open(folder, { onFailed: (error) => failures.push(error) }).catch((error: unknown) => error);
    if (store instanceof Error) {
      expect(store).toBeInstanceOf(StoreStartError);
      expect(store.message).toMatch(/\.$/);
    } else {
      const opened = store as Store;
      await judge(opened);
      await live(opened);
      // What meets the damage is refused alone: the store as a whole lives on.
      expect(failures).toEqual([]);
      await opened.close();
    }
    removeFolder(folder);
  });
});

/** The places in the file at which a text stands: in the row, and in what rows have left behind when they were moved. */
function placesOf(folder: string, text: string): readonly number[] {
  const bytes = readFileSync(join(folder, 'parley.db'));
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) places.push(at);
  return places;
}

/** Changes a byte of a text wherever it stands. */
const changing = (text: string) => (write: (at: number, bytes: Uint8Array) => void) => {
  for (const at of placesOf(original, text)) write(at + 2, Uint8Array.of(0x58));
};

test('a message of which a byte was changed is told once, counted, and not sent; the rest goes on', async () => {
  const text = content('user:bob', 7);
  const folder = damagedCopy(changing(text));
  const found: unknown[] = [];
  const store = await open(folder, { onDamaged: (place) => found.push(place) });
  expect(await judge(store)).toBe(1);
  expect(await judge(store)).toBe(1);
  expect(found).toEqual([{ stream: 'user:bob', seq: 7 }]);
  expect(await store.counts()).toMatchObject({ damaged: 1 });
  expect(store.integrity()).toEqual({ state: 'damaged', damagedMessages: 1 });
  const query = { userId: 'bob', of: { withUserId: 'dan' }, beforeId: undefined, afterId: undefined, limit: 500, bytesMax: 1e7 };
  const page = await store.history(query);
  expect(page.damaged).toEqual([7]);
  expect(page.messages).toHaveLength(perStream - 1);
  await store.close();
  removeFolder(folder);
});

/** Fills the page of a message with zeros. */
const losingPageOf = (text: string) => (write: (at: number, bytes: Uint8Array) => void) => {
  const [at = 0] = placesOf(original, text);
  write(Math.floor(at / pageBytes) * pageBytes, new Uint8Array(pageBytes));
};

test('acknowledging messages of a lost page keeps nobody else from being acknowledged, and the store lives (it ended the hub)', async () => {
  const folder = damagedCopy(losingPageOf(content('user:bob', 60)));
  const db = new Database(join(folder, 'parley.db'));
  // The acknowledgement looks for those who asked for a receipt, which are on the lost page.
  const lost = db.prepare("SELECT seq FROM messages INDEXED BY messages_by_stream WHERE stream = 'user:bob'").all();
  expect(lost).toHaveLength(perStream);
  db.close();
  const parts: string[] = [];
  const failures: unknown[] = [];
  const store = await open(folder, { onDamagedPart: (cause) => parts.push(cause), onFailed: (error) => failures.push(error) });
  const advances = inboxes.map((userId) => ({ userId, deviceId: '', stream: `user:${userId}`, seq: perStream }));
  await store.advance(advances, 1);
  for (const userId of ['ann', 'cleo']) {
    const opened = await store.openReader({ userId, deviceId: '' }, 1, () => {});
    expect(opened.streams[0]).toMatchObject({ cursor: perStream, queued: 0 });
  }
  await live(store);
  expect(failures).toEqual([]);
  expect(parts.length).toBeLessThanOrEqual(1);
  // Stored in the table and in the index by which it is read.
  expect(await store.readStream({ stream: 'user:ann', afterSeq: perStream, uptoSeq: perStream + 1, limit: 9, bytesMax: 1e6 })).toHaveLength(
    1,
  );
  await store.close();
  removeFolder(folder);
});

test('messages without a checksum are unverified, not damaged, unless they are no JSON', async () => {
  const folder = damagedCopy(() => {});
  const db = new Database(join(folder, 'parley.db'));
  db.exec("UPDATE messages SET checksum = NULL; UPDATE messages SET content = '{' WHERE stream = 'room:tea' AND seq = 3");
  db.close();
  const store = await open(folder);
  expect(await judge(store)).toBe(1);
  await store.close();
  removeFolder(folder);
});

test('a message that is gone from the middle of a log is told as damaged', async () => {
  const folder = damagedCopy(() => {});
  const db = new Database(join(folder, 'parley.db'));
  db.exec("DELETE FROM messages WHERE stream = 'user:bob' AND seq = 7");
  db.close();
  const store = await open(folder);
  const entries = await readAll(store, 'user:bob');
  expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: perStream }, (_, index) => index + 1));
  expect(entries[6]).toEqual({ stream: 'user:bob', seq: 7, damaged: true });
  await store.close();
  removeFolder(folder);
});

test.each([
  ['last_id', 3],
  ['retention_time', 9e15],
])('with a counter that was changed, %s, messages are stored and nothing expires', async (key, value) => {
  const folder = damagedCopy(() => {});
  const db = new Database(join(folder, 'parley.db'));
  db.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(key, value);
  db.close();
  const store = await open(folder);
  expect(await store.retentionTime()).toBe(5);
  expect(await store.counts()).toMatchObject({ messages: 4 * perStream, rooms: 1, queued: 3 * perStream });
  expect(await store.append(request('user:ann', 1_000))).toMatchObject({ seq: perStream + 1 });
  await store.close();
  removeFolder(folder);
});

test('the check of the whole file runs beside the work, and finds what nobody has read', async () => {
  const folder = damagedCopy(changing(content('room:tea', 9)));
  const checked = Promise.withResolvers<unknown>();
  const found: unknown[] = [];
  const store = await open(folder, { onChecked: (integrity) => checked.resolve(integrity), onDamaged: (place) => found.push(place) });
  expect(store.integrity()).toEqual({ state: 'checking', damagedMessages: 0 });
  expect(await checked.promise).toEqual({ state: 'damaged', damagedMessages: 1 });
  expect(found).toEqual([{ stream: 'room:tea', seq: 9 }]);
  await store.close();
  removeFolder(folder);
});

test('a start on a file without one of its tables says that it is not complete', async () => {
  const folder = damagedCopy(() => {});
  const db = new Database(join(folder, 'parley.db'));
  db.exec('DROP TABLE cursors');
  db.close();
  await expect(open(folder)).rejects.toThrow(/is not complete \(.*no such table.*\): .*Restore a backup/);
  removeFolder(folder);
});
