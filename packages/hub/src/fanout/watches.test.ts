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
  const watches = new Watches();
  watches.watch(ann, 'user:eve');
  watches.watch(ann, 'room:lobby');
  watches.watch(bob, 'room:lobby');
  expect([...watches.watchers(['user:eve', 'room:lobby'])]).toEqual([ann, bob]);
});

test('a watch ends alone, or with all others when the session closes', () => {
  const watches = new Watches();
  for (const topic of ['user:eve', 'user:bob', 'room:lobby']) watches.watch(ann, topic);
  watches.watch(bob, 'user:eve');
  watches.unwatch(ann, 'user:bob');
  expect([...watches.watchers(['user:bob'])]).toEqual([]);
  watches.forget(ann);
  expect([...watches.watchers(['user:eve', 'room:lobby'])]).toEqual([bob]);
});

test('ending what was never begun changes nothing', () => {
  const watches = new Watches();
  watches.unwatch(ann, 'user:eve');
  watches.forget(bob);
  expect(watches.watchers(['user:eve']).size).toBe(0);
});
