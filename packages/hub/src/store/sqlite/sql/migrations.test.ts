import { join } from 'node:path';
import { testStoreOptions } from '@parley/testkit';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder, removeFolder } from '../folder.test-support.ts';
import { openSqliteStore } from '../open.ts';
import { migrations } from './migrations.ts';

let folder = '';
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => removeFolder(folder));

/** A file as a hub left it that knew so many steps. */
function oldFile(steps: number, content: string): void {
  const db = new Database(join(folder, 'parley.db'));
  db.pragma('journal_mode = WAL');
  db.pragma(`application_id = ${0x50_52_4c_59}`);
  for (const step of migrations.slice(0, steps)) db.exec(step);
  db.pragma(`user_version = ${steps}`);
  db.exec(content);
  db.close();
}

const room = (id: string, isPrivate: 0 | 1) =>
  `INSERT INTO rooms (room_id, room_name, created_by, created_at, is_private, max_members) VALUES ('${id}', '${id}', 'ann', 1, ${isPrivate}, 9);`;
const member = (roomId: string, userId: string) =>
  `INSERT INTO room_members (room_id, user_id, joined_at, role, joined_seq) VALUES ('${roomId}', '${userId}', 1, 'owner', 0);`;
const message = (id: number, roomId: string, seq: number) => `
  INSERT INTO messages (id, stream, seq, sender_id, room_id, message_type, created_at, stored_at, echo, receipt, content)
  VALUES (${id}, 'room:${roomId}', ${seq}, 'ann', '${roomId}', 'text', 1, 1, 1, 0, '${id}');`;

test('rooms of an older file get their counts, and private ones that nobody can enter are gone', async () => {
  const rooms = [room('tea', 0), room('empty', 0), room('den', 1), room('ruin', 1)].join('');
  const members = [member('tea', 'ann'), member('tea', 'bob'), member('den', 'ann')].join('');
  const messages = [message(1, 'tea', 1), message(2, 'ruin', 1), message(3, 'ruin', 2)].join('');
  oldFile(1, `${rooms}${members}${messages} INSERT INTO meta VALUES ('rooms', 4), ('messages', 3), ('last_id', 3);`);

  const store = await openSqliteStore({ ...testStoreOptions, dataFolder: folder });
  const page = await store.rooms({ after: undefined, limit: 9, includePrivate: true });
  expect(page.rooms.map(({ roomId, memberCount }) => [roomId, memberCount])).toEqual([
    ['tea', 2],
    ['empty', 0],
    ['den', 1],
  ]);
  expect(page.count).toBe(3);
  expect((await store.rooms({ after: undefined, limit: 9, includePrivate: false })).count).toBe(2);
  const again = { roomId: 'ruin', name: 'again', createdBy: 'bob', createdAtMs: 1, isPrivate: true, maxMembers: 9 };
  expect(await store.createRoom(again, () => {})).toMatchObject({ joinedSeq: 2 });
  expect(await store.expire({ deliveredMs: 1e9, undeliveredMs: 1e9 }, 1)).toEqual({ removed: 2, more: false });
  expect(await store.counts()).toMatchObject({ messages: 1, rooms: 4 });
  await store.close();
});
