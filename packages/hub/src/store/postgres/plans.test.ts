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

/** How often each table was read from its beginning to its end. */
async function scans(sql: Connection): Promise<ReadonlyMap<string, number>> {
  await sql.query({ text: 'SELECT pg_stat_force_next_flush()', values: [] });
  const rows = await sql.query<{ name: string; count: number }>({
    text: 'SELECT relname AS name, seq_scan AS count FROM pg_stat_user_tables',
    values: [],
  });
  return new Map(rows.map(({ name, count }) => [name, count]));
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

test('no statement walks through a table, not even with plans from when it was empty', async () => {
  const sql = await (await createDatabase())();
  await sql.query({ text: 'SET plan_cache_mode = force_generic_plan', values: [] });
  await useEverything(sql, 1);
  const before = await scans(sql);
  await useEverything(sql, 2);
  const after = await scans(sql);
  // One row for each node and counter.
  expect([...after].filter(([name, count]) => name !== 'counters' && count !== before.get(name))).toEqual([]);
  expect(after.size).toBeGreaterThan(10);
});
