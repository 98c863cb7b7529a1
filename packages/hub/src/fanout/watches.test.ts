import { expect, test } from 'vitest';
import { TestConnection } from '../ports/connection.test-support.ts';
import type { Session } from '../ports/session.ts';
import { Watches } from './watches.ts';

/** Watches hold sessions by identity and look at nothing in them. */
function sessionOf(userId: string): Session {
  const reader = {
    ...{ userId, follow() {}, unfollow() {}, deliver() {}, fallBehind() {}, live() {}, presence() {}, acknowledge: () => true },
    ...{ onPong() {}, onDrain() {}, unacknowledged: () => [], close() {} },
  };
  return { userId, deviceId: '', ackMode: 'pong', connection: new TestConnection(userId), reader };
}

const ann = sessionOf('ann');
const bob = sessionOf('bob');

test('who watches several of the topics is found once', () => {
  const watches = new Watches({ perSessionMax: 10, totalMax: 1000 });
  watches.watch(ann, ['user:eve', 'room:lobby']);
  watches.watch(bob, ['room:lobby']);
  expect([...watches.watchers(['user:eve', 'room:lobby'])]).toEqual([ann, bob]);
});

test('a watch ends alone, or with all others when the session closes', () => {
  const watches = new Watches({ perSessionMax: 10, totalMax: 1000 });
  watches.watch(ann, ['user:eve', 'user:bob', 'room:lobby']);
  watches.watch(bob, ['user:eve']);
  watches.unwatch(ann, ['user:bob']);
  expect([...watches.watchers(['user:bob'])]).toEqual([]);
  watches.forget(ann);
  expect([...watches.watchers(['user:eve', 'room:lobby'])]).toEqual([bob]);
});

test('the watches of a room end with it', () => {
  const watches = new Watches({ perSessionMax: 1, totalMax: 1000 });
  watches.watch(ann, ['room:lobby']);
  watches.end('room:lobby');
  expect([...watches.watchers(['room:lobby'])]).toEqual([]);
  expect(watches.watch(ann, ['user:eve'])).toBe(true);
});

test('too many watches: a session may watch so many and not one more, and a refusal begins none', () => {
  const watches = new Watches({ perSessionMax: 3, totalMax: 1000 });
  expect(watches.watch(ann, ['user:1', 'user:2'])).toBe(true);
  expect(watches.watch(ann, ['user:2', 'user:3', 'user:4'])).toBe(false);
  expect([...watches.watchers(['user:3', 'user:4'])]).toEqual([]);
  expect(watches.watch(ann, ['user:1', 'user:2', 'user:3', 'user:3'])).toBe(true);
  watches.unwatch(ann, ['user:1']);
  expect(watches.watch(ann, ['user:4'])).toBe(true);
});

test('ending what was never begun changes nothing', () => {
  const watches = new Watches({ perSessionMax: 10, totalMax: 1000 });
  watches.unwatch(ann, ['user:eve']);
  watches.forget(bob);
  watches.end('room:lobby');
  expect(watches.watchers(['user:eve']).size).toBe(0);
});

test('when all together watch as much as they may, each may still watch a few, and what ends makes room', () => {
  const watches = new Watches({ perSessionMax: 1000, totalMax: 300 });
  const topics = (count: number, name: string): string[] => Array.from({ length: count }, (_, index) => `user:${name}-${index}`);
  expect(watches.watch(ann, topics(301, 'a'))).toBe(false);
  expect(watches.watch(ann, [...topics(299, 'a'), 'room:lobby'])).toBe(true);
  expect(watches.watch(bob, topics(101, 'b'))).toBe(false);
  expect(watches.watch(bob, topics(100, 'b'))).toBe(true);
  watches.unwatch(ann, topics(99, 'a'));
  expect(watches.watch(bob, ['user:eve'])).toBe(false);
  watches.unwatch(ann, topics(100, 'a'));
  expect(watches.watch(bob, ['user:eve'])).toBe(false);
  watches.end('room:lobby');
  expect(watches.watch(bob, ['user:eve'])).toBe(true);
  watches.forget(ann);
  expect(watches.watch(bob, topics(199, 'c'))).toBe(true);
  expect(watches.watch(bob, ['user:4'])).toBe(false);
});
