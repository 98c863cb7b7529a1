/** What the contract of the store does not say: what others hear of a change, and several nodes at once. */
import { expect, test } from 'vitest';
import type { JoinRequest, Room } from '../../ports/store.ts';
import { Refused } from '../outcome.ts';
import type { Connection, Sql } from './connection.ts';
import { storeMessages, transaction, useDatabases } from './database.test-support.ts';
import { readRooms } from './room-reads.ts';
import { createRoomWrites, type RoomWrites, type Written } from './rooms.ts';

const createDatabase = useDatabases();

const room: Room = { roomId: 'tea', name: 'Tea', createdBy: 'ann', createdAtMs: 1, isPrivate: false, maxMembers: 2 };
const joining: JoinRequest = { roomId: 'tea', userId: 'bob', nowMs: 2, create: false, invited: true };
const writesOf = (node: number): RoomWrites => createRoomWrites({ roomsPerUserMax: 2 }, () => node);
const writes = writesOf(1);

const newsOf = async (sql: Connection, write: (sql: Sql) => Promise<Written<unknown>>) => (await transaction(sql, write)).news;

/** How calls of several nodes ended that were made at once: the refusals, and `undefined` for the others. */
async function together(connections: readonly Connection[], write: (sql: Sql, index: number) => Promise<unknown>) {
  const outcomes = await Promise.allSettled(connections.map((connection, index) => transaction(connection, (sql) => write(sql, index))));
  return outcomes
    .map((outcome) => {
      if (outcome.status === 'fulfilled') return 'done';
      if (outcome.reason instanceof Refused) return outcome.reason.code;
      throw outcome.reason;
    })
    .toSorted();
}

test('each change of the members is news, under the next version, and nothing else is', async () => {
  const sql = await (await createDatabase())();
  const [roomId, memberCount] = ['tea', 1];
  const den = { ...room, isPrivate: true };
  expect(await newsOf(sql, (lane) => writes.createRoom(lane, den))).toEqual([
    { kind: 'joined', roomId, userId: 'ann', joinedSeq: 0, memberCount, membersVersion: 1 },
  ]);
  await storeMessages(sql, 'room:tea', ['1', '2']);
  expect(await newsOf(sql, (lane) => writes.joinRoom(lane, joining))).toEqual([
    { kind: 'joined', roomId, userId: 'bob', joinedSeq: 2, memberCount: 2, membersVersion: 2 },
  ]);
  expect(await newsOf(sql, (lane) => writes.joinRoom(lane, joining))).toEqual([]);
  expect(await newsOf(sql, (lane) => writes.leaveRoom(lane, roomId, 'ann'))).toEqual([
    { kind: 'left', roomId, userId: 'ann', memberCount, membersVersion: 3, leftSeq: 2 },
  ]);
  expect(await newsOf(sql, (lane) => writes.leaveRoom(lane, roomId, 'bob'))).toEqual([
    { kind: 'left', roomId, userId: 'bob', memberCount: 0, membersVersion: 4, leftSeq: 2 },
    { kind: 'deleted', roomId, membersVersion: 5 },
  ]);
  await newsOf(sql, (lane) => writes.createRoom(lane, den));
  expect(await newsOf(sql, (lane) => writes.deleteRoom(lane, roomId, undefined))).toEqual([{ kind: 'deleted', roomId, membersVersion: 7 }]);
});

test('asking for rooms that do not exist, or that one may not make, leaves nothing in the database', async () => {
  const sql = await (await createDatabase())();
  const refused = (write: (lane: Sql) => Promise<unknown>) => expect(transaction(sql, write)).rejects.toThrow(Refused);
  await refused((lane) => writes.joinRoom(lane, joining));
  await refused((lane) => writes.leaveRoom(lane, 'tea', 'bob'));
  await refused((lane) => writes.deleteRoom(lane, 'tea', 'bob'));
  for (const roomId of ['a', 'b']) await transaction(sql, (lane) => writes.createRoom(lane, { ...room, roomId }));
  await refused((lane) => writes.createRoom(lane, room));
  await refused((lane) => writes.joinRoom(lane, { ...joining, userId: 'ann', create: { maxMembers: 5 } }));
  expect(await sql.query({ text: 'SELECT stream FROM streams ORDER BY stream', values: [] })).toEqual([
    { stream: 'room:a' },
    { stream: 'room:b' },
  ]);
});

test('nodes that act at once make a room once, fill it to its limit, and count rooms together', async () => {
  const open = await createDatabase();
  const nodes = await Promise.all([open(), open(), open()]);
  expect(await together(nodes, (sql, node) => writesOf(node).createRoom(sql, { ...room, createdBy: `user ${node}` }))).toEqual([
    'done',
    'room_exists',
    'room_exists',
  ]);
  expect(await together(nodes, (sql, node) => writesOf(node).joinRoom(sql, { ...joining, userId: `new ${node}` }))).toEqual([
    'done',
    'room_full',
    'room_full',
  ]);
  const make = (roomId: string): JoinRequest => ({ ...joining, roomId, create: { maxMembers: 9 } });
  expect(await together(nodes, (sql, node) => writesOf(node).joinRoom(sql, make(`room ${node}`)))).toEqual([
    'done',
    'done',
    'too_many_rooms',
  ]);
  const [sql] = nodes;
  if (sql === undefined) throw new Error('no connection');
  await transaction(sql, (lane) => writesOf(9).deleteRoom(lane, 'tea', undefined));
  expect(await readRooms(sql, { after: undefined, limit: 9, includePrivate: false })).toMatchObject({ count: 2, hasMore: false });
});

test('a member that joins while a message is stored starts before or after it', async () => {
  const open = await createDatabase();
  const [appending, other] = [await open(), await open()];
  await transaction(other, (sql) => writes.createRoom(sql, room));
  await appending.query({ text: 'BEGIN', values: [] });
  await storeMessages(appending, 'room:tea', ['1']);
  const join = transaction(other, (sql) => writes.joinRoom(sql, joining));
  await storeMessages(appending, 'room:tea', ['2']);
  await appending.query({ text: 'COMMIT', values: [] });
  expect((await join).value).toMatchObject({ joinedSeq: 2 });
});
