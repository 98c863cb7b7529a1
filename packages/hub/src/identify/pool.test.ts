import { describe, expect, test } from 'vitest';
import { TestConnection } from '../ports/connection.test-support.ts';
import type { Connection } from '../ports/connection.ts';
import type { Session } from '../ports/session.ts';
import type { ReaderId } from '../ports/store.ts';
import { ConnectionPool } from './pool.ts';

const connectionOf = (id: string): Connection => new TestConnection(id);

function sessionOf(userId: string, connection: Connection): Session {
  const reader = {
    ...{ userId, follow() {}, unfollow() {}, deliver() {}, fallBehind() {}, live() {}, presence() {}, acknowledge: () => true },
    ...{ onPong() {}, onDrain() {}, unacknowledged: () => [], close() {} },
  };
  return { userId, deviceId: '', ackMode: 'pong', connection, reader };
}

const readerOf = (userId: string, deviceId = ''): ReaderId => ({ userId, deviceId });

function registered(pool: ConnectionPool, userId: string, id: string, rooms: readonly string[] = []): Session {
  const session = sessionOf(userId, connectionOf(id));
  pool.open(session.connection);
  const reader = readerOf(userId);
  expect(pool.reserve(reader)).toBe(true);
  pool.register(session, rooms);
  return session;
}

describe('the limit of connections per user', () => {
  test('counts registrations under way, so that a burst can not pass it', () => {
    const pool = new ConnectionPool(2);
    expect([pool.reserve(readerOf('ann')), pool.reserve(readerOf('ann')), pool.reserve(readerOf('ann'))]).toEqual([true, true, false]);
    expect(pool.reserve(readerOf('bob'))).toBe(true);
    pool.countRefusal();
    expect(pool.stats().refused).toBe(1);
  });

  test('a place is free again when a registration fails and when a session closes', () => {
    const pool = new ConnectionPool(1);
    const ann = readerOf('ann');
    pool.reserve(ann);
    pool.release(ann);
    const session = registered(pool, 'ann', 'first');
    expect(pool.reserve(readerOf('ann'))).toBe(false);
    pool.close(session.connection, session);
    expect(pool.reserve(readerOf('ann'))).toBe(true);
  });
});

test('a reader is open while it registers and while it has a session', () => {
  const pool = new ConnectionPool(5);
  const phone = readerOf('ann', 'phone');
  pool.reserve(phone);
  expect([readerOf('ann', 'phone'), readerOf('ann'), readerOf('bob', 'phone')].map((reader) => pool.isOpen(reader))).toEqual([
    true,
    false,
    false,
  ]);
  pool.release(phone);
  expect(pool.isOpen(phone)).toBe(false);
  const session = registered(pool, 'ann', 'first');
  expect(pool.isOpen(readerOf('ann'))).toBe(true);
  pool.close(session.connection, session);
  expect(pool.isOpen(readerOf('ann'))).toBe(false);
});

test('a user and its rooms are forgotten with the last session', () => {
  const pool = new ConnectionPool(5);
  const first = registered(pool, 'ann', 'first', ['lobby']);
  const second = registered(pool, 'ann', 'second', ['lobby']);
  pool.enterRoom('ann', 'kitchen');
  pool.close(first.connection, first);
  expect([...pool.roomsOf('ann')]).toEqual(['lobby', 'kitchen']);
  expect([...pool.sessionsOf('ann')]).toEqual([second]);
  pool.close(second.connection, second);
  expect([...pool.users()]).toEqual([]);
  expect(pool.roomsOf('ann').size).toBe(0);
  // Rooms of a user who is not here are not kept: nobody would ever remove them.
  pool.enterRoom('ann', 'garden');
  expect(pool.roomsOf('ann').size).toBe(0);
});

test('closing twice counts once', () => {
  const pool = new ConnectionPool(5);
  const session = registered(pool, 'ann', 'first');
  pool.close(session.connection, session);
  pool.close(session.connection, session);
  pool.close(session.connection, undefined);
  expect(pool.stats()).toMatchObject({ total: 0, registered: 0, users: 0 });
});

test('a connection is unregistered until it registers or closes', () => {
  const pool = new ConnectionPool(5);
  const stranger = connectionOf('stranger');
  pool.open(stranger);
  registered(pool, 'ann', 'registered');
  expect([...pool.unregistered()]).toEqual([stranger]);
  pool.close(stranger, undefined);
  expect([...pool.unregistered()]).toEqual([]);
});

test('the rooms of a user are not copied when it joins or leaves one', () => {
  const pool = new ConnectionPool(5);
  registered(pool, 'ann', 'first', ['lobby']);
  const rooms = pool.roomsOf('ann');
  pool.enterRoom('ann', 'kitchen');
  pool.leaveRoom('ann', 'lobby');
  expect(pool.roomsOf('ann')).toBe(rooms);
  expect([...rooms]).toEqual(['kitchen']);
});

test('statistics count every connection once', () => {
  const pool = new ConnectionPool(5);
  registered(pool, 'ann', 'a1');
  registered(pool, 'ann', 'a2');
  registered(pool, 'bob', 'b1');
  pool.open(connectionOf('anonymous'));
  pool.reserve(readerOf('eve'));
  expect(pool.stats()).toMatchObject({ total: 4, registered: 3, users: 2, mostOfOneUser: 2, maxPerUser: 5 });
  expect([...pool.connections()]).toHaveLength(4);
});
