import { HubError } from '@parley/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { TestConnection } from '../ports/connection.test-support.ts';
import type { Reader, Session } from '../ports/session.ts';
import type { RoomMembership } from '../ports/shared-store.ts';
import { timelineOf } from '../ports/store.ts';
import { MemberReads } from './member-reads.ts';
import { Members } from './members.ts';
import { Streams } from './streams.ts';

const lobby = timelineOf('lobby');

function sessionOf(userId: string): Session {
  const reader: Reader = {
    ...{ userId, follow() {}, unfollow() {}, deliver() {}, fallBehind() {}, live() {}, presence() {} },
    ...{ acknowledge: () => true, onPong() {}, onDrain() {}, unacknowledged: () => [], close() {} },
  };
  return { userId, deviceId: '', ackMode: 'pong', connection: new TestConnection(userId), reader };
}

/** What the store knows of the lobby. */
interface Stored {
  version: number;
  readonly members: Set<string>;
  isReachable: boolean;
}

/** A node with a session of each of these users, of whom some are members of the lobby, at version 1. */
function setUp(userIds: readonly string[], memberIds: readonly string[] = []) {
  const clock = new ManualClock();
  const sessions = new Map(userIds.map((userId) => [userId, sessionOf(userId)]));
  const rooms = new Map<string, Set<string>>();
  const stored: Stored = { version: 1, members: new Set(memberIds), isReachable: true };
  const told: string[] = [];
  /** Called while the store is being asked for memberships. */
  const hooks = { onRead: () => {} };
  const ask = async <T>(answer: () => T, onRead = () => {}): Promise<T> => {
    if (!stored.isReachable) throw new HubError('overloaded');
    const answered = answer();
    await undefined;
    onRead();
    return answered;
  };
  const shared = {
    membersVersions: () => ask(() => new Map([['lobby', stored.version]])),
    memberships: (asked: readonly string[]) =>
      ask(
        () =>
          asked.filter((userId) => stored.members.has(userId)).map((userId): RoomMembership => ({ userId, roomId: 'lobby', joinedSeq: 0 })),
        () => hooks.onRead(),
      ),
  };
  const streams = new Streams({
    ...{ clock, runs: () => [], readStream: () => Promise.resolve([]) },
    confirmMembers: (roomIds) => members.confirm(roomIds),
  });
  const members: Members = new Members({
    streams,
    directory: {
      sessionsOf: (userId) => [sessions.get(userId) ?? []].flat(),
      users: () => sessions.keys(),
      isOpening: () => false,
      roomsOf: (userId) => rooms.get(userId) ?? new Set(),
      enterRoom: (userId, roomId) => void rooms.set(userId, new Set([roomId])),
      leaveRoom: (userId) => void rooms.delete(userId),
    },
    watches: { unwatch() {} },
    notices: {
      joined: (_roomId, userId, count) => told.push(`+${userId} ${count}`),
      left: (_roomId, userId, count) => told.push(`-${userId} ${count}`),
      forget() {},
    },
    toRoom: (_roomId, packet) => told.push(packet.text),
    reads: new MemberReads(shared, clock),
    onChanged() {},
  });
  for (const userId of memberIds) {
    rooms.set(userId, new Set(['lobby']));
    const reader = sessions.get(userId)?.reader;
    if (reader !== undefined) streams.follow(reader, { stream: lobby, cursor: 0, head: 0, written: 0, membersVersion: 1 });
  }
  const readerOf = (userId: string): Reader => sessions.get(userId)?.reader ?? sessionOf(userId).reader;
  const readers = (): string[] => [...streams.readers(lobby)].map(({ userId }) => userId).toSorted();
  const joined = (userId: string, membersVersion: number): void =>
    members.joined({ roomId: 'lobby', userId, joinedSeq: 0, memberCount: 9, membersVersion });
  const left = (userId: string, membersVersion: number): void => members.left({ roomId: 'lobby', userId, memberCount: 8, membersVersion });
  const version = (): number | undefined => streams.membersVersion(lobby);
  return { clock, members, streams, stored, hooks, told, readers, readerOf, joined, left, version };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a change of members', () => {
  test('is applied and told once, however often it is heard', () => {
    const { joined, left, readers, told, version } = setUp(['ann', 'bob'], ['ann']);
    joined('bob', 2);
    joined('bob', 2);
    expect(readers()).toEqual(['ann', 'bob']);
    left('bob', 3);
    joined('bob', 2);
    left('bob', 3);
    expect(readers()).toEqual(['ann']);
    expect(told).toEqual(['+bob 9', '-bob 8']);
    expect(version()).toBe(3);
  });

  test('that comes late does not undo a later one of the same user, and changes of others are not lost by it', () => {
    const { joined, left, readers, version } = setUp(['ann', 'bob', 'cas'], ['ann']);
    left('bob', 3);
    expect(version()).toBe(1);
    joined('cas', 4);
    joined('bob', 2);
    expect(readers()).toEqual(['ann', 'cas']);
    expect(version()).toBe(4);
  });

  test('that ends a membership waits for what was sent before it and is still on its way', () => {
    const { members, streams, readers, version } = setUp(['ann', 'bob'], ['ann', 'bob']);
    members.left({ roomId: 'lobby', userId: 'bob', memberCount: 1, membersVersion: 2, leftSeq: 2 });
    expect(readers()).toEqual(['ann', 'bob']);
    const message = { ...{ id: 1, stream: lobby, senderId: 'cas', recipientId: undefined, roomId: 'lobby', type: 'text', content: '1' } };
    const common = { createdAtMs: 0, clientMsgId: undefined, echo: true };
    const at = (seq: number, membersVersion: number) => ({ ...message, ...common, seq, membersVersion });
    // What comes later is for those only who are left.
    streams.publish([at(1, 1), at(3, 2)]);
    expect(streams.head(lobby)).toBe(1);
    streams.publish([at(2, 1)]);
    expect(readers()).toEqual(['ann']);
    expect([version(), streams.head(lobby)]).toEqual([2, 3]);
  });

  test('counts as known when all that were made before it have come', () => {
    const { joined, left, version } = setUp(['ann', 'bob', 'cas'], ['ann']);
    left('bob', 3);
    joined('cas', 5);
    joined('bob', 2);
    expect(version()).toBe(3);
    joined('dee', 4);
    expect(version()).toBe(5);
  });

  test('leads to what the store has, in whatever order and however often the changes come', async () => {
    const change = fc.record({ userId: fc.constantFrom('bob', 'cas', 'dee'), isJoin: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), fc.infiniteStream(fc.nat(1000)), async (changes, order) => {
        const { joined, left, readers, stored, version } = setUp(['ann', 'bob', 'cas', 'dee'], ['ann']);
        const heard = changes.map((made, index) => ({ ...made, number: index + 2 }));
        for (const { userId, isJoin, number } of heard) {
          stored.version = number;
          if (isJoin) stored.members.add(userId);
          else stored.members.delete(userId);
        }
        const shuffled = [...heard, ...heard]
          .map((made) => ({ made, place: order.next().value ?? 0 }))
          .toSorted((a, b) => a.place - b.place);
        for (const { made } of shuffled) {
          if (made.isJoin) joined(made.userId, made.number);
          else left(made.userId, made.number);
        }
        await settled();
        expect(readers()).toEqual([...stored.members].toSorted());
        expect(version()).toBe(stored.version);
      }),
    );
  });

  test('that shows a user in another place than is known here is looked up: the room was read here later than it was made', async () => {
    const { joined, stored, streams, readers, readerOf } = setUp(['ann', 'bob']);
    Object.assign(stored, { version: 5 });
    stored.members.add('ann').add('bob');
    streams.follow(readerOf('ann'), { stream: lobby, cursor: 0, head: 0, written: 0, membersVersion: 5 });
    joined('bob', 4);
    expect(readers()).toEqual(['ann']);
    await settled();
    expect(readers()).toEqual(['ann', 'bob']);
  });
});

describe('members that were not heard of', () => {
  test('are read before anything newer is passed on: who has left reads nothing more', async () => {
    const { members, stored, readers, version } = setUp(['ann', 'bob'], ['ann', 'bob']);
    stored.members.delete('bob');
    stored.version = 7;
    await members.confirm(['lobby']);
    expect(readers()).toEqual(['ann']);
    expect(version()).toBe(7);
  });

  test('are asked for again while the store can not be asked', async () => {
    const { members, stored, readers, clock } = setUp(['ann', 'bob'], ['ann', 'bob']);
    stored.members.delete('bob');
    Object.assign(stored, { version: 7, isReachable: false });
    const confirmed = members.confirm(['lobby']);
    await settled();
    expect(readers()).toEqual(['ann', 'bob']);
    stored.isReachable = true;
    clock.advance(1000);
    await confirmed;
    expect(readers()).toEqual(['ann']);
  });

  test('are not taken for members because of an answer that is older than what is heard meanwhile', async () => {
    const { members, stored, hooks, left, joined, readers } = setUp(['ann', 'bob', 'cas'], ['ann', 'bob']);
    stored.version = 2;
    const between: string[] = [];
    hooks.onRead = () => {
      // They are asked for again.
      hooks.onRead = () => between.push(...readers());
      stored.members.delete('bob');
      stored.members.add('cas');
      stored.version = 4;
      left('bob', 3);
      joined('cas', 4);
    };
    await members.check();
    expect(between).toEqual(['ann', 'cas']);
    expect(readers()).toEqual(['ann', 'cas']);
  });

  test('are found for whoever begins to read the room while it is looked at', async () => {
    const { members, stored, hooks, streams, readers, readerOf, version } = setUp(['ann', 'bob'], ['ann']);
    stored.version = 7;
    hooks.onRead = () => {
      hooks.onRead = () => {};
      // Bob's registration was answered before he left.
      streams.follow(readerOf('bob'), { stream: lobby, cursor: 0, head: 0, written: 0, membersVersion: 6 });
    };
    await members.confirm(['lobby']);
    expect(version()).toBe(7);
    expect(readers()).toEqual(['ann']);
  });
});

test('where nobody else changes members, everything is applied as it comes', () => {
  const { members, readers } = setUp(['ann', 'bob'], ['ann']);
  members.joined({ roomId: 'lobby', userId: 'bob', joinedSeq: 0, memberCount: 2 });
  members.left({ roomId: 'lobby', userId: 'ann', memberCount: 1 });
  members.joined({ roomId: 'lobby', userId: 'ann', joinedSeq: 0, memberCount: 2 });
  expect(readers()).toEqual(['ann', 'bob']);
  members.deleted({ roomId: 'lobby' });
  expect(readers()).toEqual([]);
});
