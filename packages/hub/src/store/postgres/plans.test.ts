/** Statements are planned once, perhaps while the tables are small, and the plans are kept: so each must use an index then too. */
import { expect, test } from 'vitest';
import type { Connection } from './connection.ts';
import { storeMessages, transaction, useDatabases } from './database.test-support.ts';
import { createExpire, readRetentionTime } from './expire.ts';
import { readHistory } from './history.ts';
import { readStream } from './read-stream.ts';
import { readMembers, readRoom, readRooms } from './room-reads.ts';
import { createRoomWrites } from './rooms.ts';
import { readStates, saveStates } from './states.ts';

const createDatabase = useDatabases();

/** All that a round needs of a table. To walk through 50,000 rows once takes more. */
const blocksMax = 200;

/** How many blocks of each table and its indexes were looked at. */
async function blocks(sql: Connection): Promise<ReadonlyMap<string, number>> {
  await sql.query({ text: 'SELECT pg_stat_force_next_flush()', values: [] });
  const rows = await sql.query<{ name: string; count: number }>({
    text: `SELECT relname AS name, heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0) AS count
      FROM pg_statio_user_tables`,
    values: [],
  });
  return new Map(rows.map(({ name, count }) => [name, count]));
}

/** Much that is of others, in tables that had next to nothing. */
async function fill(sql: Connection): Promise<void> {
  const others = (columns: string): string => `SELECT ${columns} FROM generate_series(1, 50000) AS n`;
  for (const text of [
    "INSERT INTO streams (stream, last_seq) VALUES ('room:other', 50000)",
    `INSERT INTO messages (id, seq, created_at, stored_at, checksum, echo, receipt, stream, sender_id, room_id, message_type, content)
      ${others("n, n, 0, 1e12, 0, true, false, 'room:other', 'zoe', 'other', 'text', '1'")}`,
    `INSERT INTO rooms (room_id, room_name, created_by, created_at, is_private, max_members) ${others("'other' || n, '', '', 0, true, 9")}`,
    `INSERT INTO room_members (room_id, user_id, joined_at, role, joined_seq) ${others("'other', 'other' || n, 0, 'member', 0")}`,
    `INSERT INTO readers (user_id, device_id, opened_at, used_at) ${others("'other' || n, '', 0, 1e12")}`,
    `INSERT INTO cursors (user_id, device_id, stream, received_seq, written_seq) ${others("'other' || n, '', 'room:other', 1, 1")}`,
    `INSERT INTO deliveries (stream, seq, delivered_at) ${others("'user:other' || n, 1, 1")}`,
    `INSERT INTO connection_state (user_id, state, last_seen) ${others("'other' || n, 'away', 1")}`,
    `INSERT INTO sessions (user_id, slot, device_id, node_id) ${others("'other' || n, 1, '', 1")}`,
    `INSERT INTO crashed_readers (user_id, device_id) ${others("'other' || n, ''")}`,
  ]) {
    await sql.query({ text, values: [] });
  }
}

async function useEverything(sql: Connection, round: number): Promise<void> {
  const rooms = createRoomWrites({ roomsPerUserMax: 9 }, () => 1);
  const expire = createExpire(() => 1);
  const [tea, den] = [`tea ${round}`, `den ${round}`];
  const room = { name: 'x', createdBy: 'ann', createdAtMs: 1, isPrivate: true, maxMembers: 9 };
  for (const roomId of [tea, den]) await transaction(sql, (lane) => rooms.createRoom(lane, { ...room, roomId }));
  await transaction(sql, (lane) => rooms.joinRoom(lane, { roomId: tea, userId: 'bob', nowMs: 1, create: false, invited: true }));
  await storeMessages(sql, `room:${tea}`, ['1', '2', '3']);
  await storeMessages(sql, 'user:ann', ['1', '2', '3']);
  await transaction(sql, (lane) => saveStates(lane, [{ userId: 'ann', state: 'away', statusText: undefined, lastSeenMs: 1 }]));
  await readStates(sql, ['ann', 'bob']);
  await readRoom(sql, tea);
  for (const includePrivate of [true, false]) await readRooms(sql, { after: tea, limit: 2, includePrivate });
  await readMembers(sql, { roomId: tea, userId: 'ann', after: 'ann', limit: 2 });
  await readStream(sql, { stream: 'user:ann', afterSeq: 1, uptoSeq: 3, limit: 9, bytesMax: 9 });
  for (const of of [{ roomId: tea }, { withUserId: 'bob' }]) {
    const query = { userId: 'ann', of, limit: 2, bytesMax: 99 };
    await readHistory(sql, { ...query, beforeId: 9_999_999, afterId: undefined });
    await readHistory(sql, { ...query, beforeId: undefined, afterId: 1 });
  }
  await transaction(sql, (lane) => rooms.leaveRoom(lane, tea, 'ann'));
  await transaction(sql, (lane) => rooms.deleteRoom(lane, den, 'ann'));
  for (let more = true; more; )
    more = (await transaction(sql, (lane) => expire(lane, { deliveredMs: 1, undeliveredMs: 1 }, 5_000))).value.more;
  await readRetentionTime(sql);
}

test('no statement walks through a table or an index, not even with plans from when there was next to nothing', async () => {
  const sql = await (await createDatabase())();
  await sql.query({ text: 'SET plan_cache_mode = force_generic_plan', values: [] });
  await useEverything(sql, 1);
  await fill(sql);
  const before = await blocks(sql);
  await useEverything(sql, 2);
  const after = await blocks(sql);
  const looked = [...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  expect(looked.filter(([, count]) => count > blocksMax)).toEqual([]);
  expect(looked.filter(([, count]) => count > 0).length).toBeGreaterThan(10);
});
