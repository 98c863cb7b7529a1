import type { JoinRequest, UserState } from '@parley/hub';
import { expect, test } from 'vitest';
import { type MakeStore, refusalOf, type Scenario, type StoreCapabilities, settledAll, withStore } from './scenario.ts';

const join = (t: Scenario, roomId: string, userId: string, request: Partial<JoinRequest> = {}) =>
  t.store.joinRoom({ roomId, userId, nowMs: 2_000, create: false, invited: false, ...request }, () => {});

export function roomsContract(make: MakeStore, { restarts }: StoreCapabilities): void {
  test(
    'the creator of a room becomes owner and member',
    withStore(make, async (t) => {
      const room = { roomId: 'tea', name: 'Tea', createdBy: 'ann', createdAtMs: 1_500, isPrivate: true, maxMembers: 7 };
      expect(await t.store.createRoom(room, () => {})).toEqual({ ...room, memberCount: 1, joinedSeq: 0 });
      expect(await t.store.room('tea')).toEqual({ ...room, memberCount: 1 });
      expect(await t.members('tea')).toEqual([{ userId: 'ann', role: 'owner', joinedAtMs: 1_500 }]);
    }),
  );

  test(
    'a room that exists is not created again',
    withStore(make, async (t) => {
      await t.room('tea', 'ann', { name: 'first' });
      expect(await refusalOf(t.room('tea', 'bob'))).toBe('room_exists');
      expect(await t.store.room('tea')).toMatchObject({ name: 'first', createdBy: 'ann' });
    }),
  );

  test(
    'a room that does not exist has no summary and no members',
    withStore(make, async (t) => {
      expect(await t.store.room('tea')).toBeUndefined();
      expect(await refusalOf(t.members('tea'))).toBe('room_not_found');
      expect(await t.rooms()).toEqual([]);
    }),
  );

  test(
    'rooms come in the order of their creation, with their member counts',
    withStore(make, async (t) => {
      for (const roomId of ['b', 'c', 'a']) await t.room(roomId, 'ann');
      await t.join('c', 'bob', 'cleo');
      expect((await t.rooms()).map(({ roomId, memberCount }) => [roomId, memberCount])).toEqual([
        ['b', 1],
        ['c', 3],
        ['a', 1],
      ]);
    }),
  );

  test(
    'a join returns the room and its members, in the order in which they joined',
    withStore(make, async (t) => {
      const room = await t.room('tea', 'zoe');
      await join(t, 'tea', 'yan');
      await t.say('tea', 'yan');
      const result = await join(t, 'tea', 'ann');
      expect(result).toMatchObject({ joined: true, created: false, joinedSeq: 1 });
      expect({ ...result.room, memberCount: 1, joinedSeq: 0 }).toEqual(room);
      expect(result.memberCount).toBe(3);
      expect(result.members.map(({ userId, role }) => [userId, role])).toEqual([
        ['zoe', 'owner'],
        ['yan', 'member'],
        ['ann', 'member'],
      ]);
      await t.leave('tea', 'yan');
      await join(t, 'tea', 'yan');
      expect((await t.members('tea')).map(({ userId }) => userId)).toEqual(['zoe', 'ann', 'yan']);
    }),
  );

  test(
    'joining twice changes nothing',
    withStore(make, async (t) => {
      await t.room('tea', 'ann');
      await join(t, 'tea', 'bob', { nowMs: 5 });
      await t.say('tea', 'bob');
      const again = await join(t, 'tea', 'bob', { nowMs: 6 });
      expect(again).toMatchObject({ joined: false, created: false, joinedSeq: 0 });
      expect(again.members[1]).toEqual({ userId: 'bob', role: 'member', joinedAtMs: 5 });
    }),
  );

  test(
    'a join may create a public room, whose owner is the first to join',
    withStore(make, async (t) => {
      const [first, second] = await Promise.all(['ann', 'bob'].map((userId) => join(t, 'tea', userId, { create: { maxMembers: 3 } })));
      expect(first).toEqual({
        room: { roomId: 'tea', name: 'tea', createdBy: 'ann', createdAtMs: 2_000, isPrivate: false, maxMembers: 3 },
        memberCount: 1,
        members: [{ userId: 'ann', role: 'owner', joinedAtMs: 2_000 }],
        joined: true,
        created: true,
        joinedSeq: 0,
      });
      expect(second).toMatchObject({ joined: true, created: false });
    }),
  );

  test(
    'joins are refused: no such room, a private room without invitation, a full room',
    withStore(make, async (t) => {
      await t.room('den', 'ann', { isPrivate: true, maxMembers: 2 });
      const results = await settledAll([
        join(t, 'nowhere', 'bob'),
        join(t, 'den', 'bob'),
        join(t, 'den', 'bob', { create: { maxMembers: 9 } }),
        join(t, 'den', 'bob', { invited: true }),
        join(t, 'den', 'cleo', { invited: true }),
        join(t, 'den', 'bob'),
      ]);
      expect(results.map((result) => ('code' in result ? result.code : result.ok.joined))).toEqual([
        'room_not_found',
        'room_not_found',
        'room_private',
        true,
        'room_full',
        false,
      ]);
      expect(await t.members('den')).toHaveLength(2);
    }),
  );

  test(
    'only a member leaves, and only a room that exists is left',
    withStore(make, async (t) => {
      await t.room('tea', 'ann', { maxMembers: 1 });
      expect(await refusalOf(t.leave('nowhere', 'ann'))).toBe('room_not_found');
      expect(await refusalOf(t.leave('tea', 'bob'))).toBe('not_member');
      expect(await t.leave('tea', 'ann')).toEqual({ memberCount: 0, deleted: false });
      expect(await t.members('tea')).toEqual([]);
      expect(await refusalOf(t.leave('tea', 'ann'))).toBe('not_member');
      expect(await join(t, 'tea', 'bob')).toMatchObject({ joined: true });
    }),
  );

  test(
    'states are kept, replaced, and left out where there is none',
    withStore(make, async (t) => {
      const state = (userId: string, value: UserState['state'], statusText: string | undefined = undefined): UserState => ({
        userId,
        state: value,
        statusText,
        lastSeenMs: 12.5,
      });
      await t.store.saveStates([state('ann', 'dnd', 'at lunch'), state('bob', 'away')]);
      await t.store.saveStates([state('ann', 'invisible')]);
      expect(await t.store.states(['bob', 'nobody', 'ann'])).toEqual([state('bob', 'away'), state('ann', 'invisible')]);
      await t.store.saveStates([]);
      expect(await t.store.states([])).toEqual([]);
    }),
  );

  test(
    "opening a reader tells its user's state, with what was saved before the call",
    withStore(make, async (t) => {
      const open = async (userId: string) => (await t.store.openReader({ userId, deviceId: 'phone' }, 1, () => {})).state;
      const state: UserState = { userId: 'ann', state: 'invisible', statusText: 'at lunch', lastSeenMs: 12.5 };
      const [, opened] = await Promise.all([t.store.saveStates([state]), open('ann')]);
      expect(opened).toEqual(state);
      expect(await open('bob')).toBeUndefined();
    }),
  );

  test.for(restarts)('rooms, members and states survive a restart (%s)', async (how) => {
    await withStore(make, async (t) => {
      await t.room('tea', 'ann');
      await t.join('tea', 'bob');
      await t.store.saveStates([{ userId: 'ann', state: 'away', statusText: 'x', lastSeenMs: 1 }]);
      const read = async () => [await t.rooms(), await t.members('tea'), await t.store.states(['ann'])];
      const before = await read();
      await t.reopen(how);
      expect(await read()).toEqual(before);
    })();
  });
}
