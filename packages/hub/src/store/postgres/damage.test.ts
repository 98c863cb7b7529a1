/** Rows that are not as they were stored: nothing wrong comes out, and the rest does. */
import { expect, test } from 'vitest';
import { timelineOf } from '../../ports/store.ts';
import { storeMessages, transaction, useDatabases } from './database.test-support.ts';
import { readHistory } from './history.ts';
import { readStream } from './read-stream.ts';
import { createRoomWrites } from './rooms.ts';

const createDatabase = useDatabases();
const stream = timelineOf('tea');

/** Messages 1 to 6 of a room, of which 2 was changed and 4 and 6 are gone. */
async function damagedRoom() {
  const sql = await (await createDatabase())();
  const room = { roomId: 'tea', name: 'Tea', createdBy: 'ann', createdAtMs: 1, isPrivate: false, maxMembers: 9 };
  await transaction(sql, (lane) => createRoomWrites({ roomsPerUserMax: 9 }, () => 1).createRoom(lane, room));
  await storeMessages(sql, stream, ['1', '2', '3', '4', '5', '6']);
  await sql.query({ text: "UPDATE messages SET content = '7' WHERE seq = 2", values: [] });
  await sql.query({ text: 'DELETE FROM messages WHERE seq IN (4, 6)', values: [] });
  return sql;
}

test('a page of the log names the places of damaged and of missing messages', async () => {
  const sql = await damagedRoom();
  const read = async (query: { afterSeq?: number; uptoSeq?: number; limit?: number; bytesMax?: number }) =>
    (await readStream(sql, { stream, afterSeq: 0, uptoSeq: 9, limit: 9, bytesMax: 99, ...query })).map((entry) =>
      'damaged' in entry ? -entry.seq : entry.seq,
    );
  expect(await read({})).toEqual([1, -2, 3, -4, 5, -6]);
  expect(await read({ limit: 4 })).toEqual([1, -2, 3, -4]);
  expect(await read({ afterSeq: 3, uptoSeq: 4 })).toEqual([-4]);
  expect(await read({ afterSeq: 5, limit: 1 })).toEqual([-6]);
  expect(await read({ bytesMax: 3 })).toEqual([1, -2, 3, -4]);
});

test('what was trimmed is not missing', async () => {
  const sql = await damagedRoom();
  await sql.query({ text: 'UPDATE streams SET trimmed_seq = 4', values: [] });
  const entries = await readStream(sql, { stream, afterSeq: 0, uptoSeq: 5, limit: 9, bytesMax: 99 });
  expect(entries).toMatchObject([{ seq: 5, content: '5' }]);
});

test('a page of the history leaves damaged messages out, and finds its bounds where rows are missing', async () => {
  const sql = await damagedRoom();
  const ids = await sql.query<{ id: number }>({ text: 'SELECT id FROM messages ORDER BY seq', values: [] });
  const read = async (bounds: { beforeId?: number | undefined; afterId?: number | undefined }) => {
    const query = { userId: 'ann', of: { roomId: 'tea' }, beforeId: undefined, afterId: undefined, limit: 9, bytesMax: 99 };
    const { messages, damaged, hasMore } = await readHistory(sql, { ...query, ...bounds });
    return { seqs: messages.map(({ seq }) => seq), damaged: damaged.map(({ seq }) => seq), hasMore };
  };
  expect(await read({})).toEqual({ seqs: [1, 3, 5], damaged: [2], hasMore: false });
  expect(await read({ afterId: ids[2]?.id })).toEqual({ seqs: [5], damaged: [], hasMore: false });
  expect(await read({ beforeId: ids[3]?.id })).toEqual({ seqs: [1, 3], damaged: [2], hasMore: false });
});
