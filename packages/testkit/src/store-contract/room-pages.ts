import { membersToldMax } from '@parley/hub';
import { expect, test } from 'vitest';
import { type MakeStore, refusalOf, type Scenario, settledAll, withStore } from './scenario.ts';

const members = async (t: Scenario, after: string | undefined, limit: number, userId?: string) => {
  const page = await t.store.members({ roomId: 'tea', userId, after, limit });
  return { ...page, members: page.members.map((member) => member.userId) };
};

const rooms = async (t: Scenario, after: string | undefined, limit: number, includePrivate = true) => {
  const page = await t.store.rooms({ after, limit, includePrivate });
  return { ...page, rooms: page.rooms.map(({ roomId }) => roomId) };
};

export function roomPagesContract(make: MakeStore): void {
  test(
    'a join tells at most so many members, and how many there are',
    withStore(make, async (t) => {
      await t.room('tea', 'ann', { maxMembers: 1_000 });
      const users = Array.from({ length: membersToldMax + 1 }, (_, index) => `user ${index}`);
      await t.join('tea', ...users);
      const result = await t.store.joinRoom({ roomId: 'tea', userId: 'ann', nowMs: 1, create: false, invited: false }, () => {});
      expect(result.memberCount).toBe(membersToldMax + 2);
      expect(result.members.map(({ userId }) => userId)).toEqual(['ann', ...users.slice(0, membersToldMax - 1)]);
    }),
  );

  test(
    'members are paged in the order in which they joined',
    withStore(make, async (t) => {
      await t.room('tea', 'zoe');
      await t.room('den', 'cleo');
      await t.join('tea', 'bob', 'ann', 'cleo');
      await t.leave('tea', 'bob');
      await t.join('tea', 'bob');
      const memberCount = 4;
      expect(await members(t, undefined, 2)).toEqual({ members: ['zoe', 'ann'], memberCount, hasMore: true });
      expect(await members(t, 'ann', 2)).toEqual({ members: ['cleo', 'bob'], memberCount, hasMore: false });
      expect(await members(t, 'ann', 1)).toEqual({ members: ['cleo'], memberCount, hasMore: true });
      expect(await members(t, 'bob', 9)).toEqual({ members: [], memberCount, hasMore: false });
      expect(await refusalOf(members(t, 'nobody', 9))).toBe('invalid_payload');
    }),
  );

  test(
    'members are told to members and to the application, and a private room looks like none to others',
    withStore(make, async (t) => {
      await t.room('tea', 'ann');
      expect((await members(t, undefined, 9, 'ann')).members).toEqual(['ann']);
      expect((await members(t, undefined, 9)).members).toEqual(['ann']);
      expect(await refusalOf(members(t, undefined, 9, 'bob'))).toBe('not_member');
      await t.store.deleteRoom('tea', undefined, () => {});
      await t.room('tea', 'ann', { isPrivate: true });
      expect((await members(t, undefined, 9, 'ann')).members).toEqual(['ann']);
      expect(await refusalOf(members(t, undefined, 9, 'bob'))).toBe('room_not_found');
    }),
  );

  test(
    'rooms are paged in the order of creation, with or without private ones',
    withStore(make, async (t) => {
      for (const roomId of ['c', 'b', 'a', 'd']) await t.room(roomId, 'ann', { isPrivate: roomId === 'b' });
      expect(await rooms(t, undefined, 2)).toEqual({ rooms: ['c', 'b'], count: 4, hasMore: true });
      expect(await rooms(t, 'b', 2)).toEqual({ rooms: ['a', 'd'], count: 4, hasMore: false });
      expect(await rooms(t, undefined, 2, false)).toEqual({ rooms: ['c', 'a'], count: 3, hasMore: true });
      expect(await rooms(t, 'a', 1, false)).toEqual({ rooms: ['d'], count: 3, hasMore: false });
      expect(await refusalOf(rooms(t, 'nowhere', 9))).toBe('invalid_payload');
      await t.leave('b', 'ann');
      expect((await rooms(t, undefined, 9)).count).toBe(3);
      expect((await rooms(t, undefined, 9, false)).count).toBe(3);
    }),
  );

  test(
    'to those who are not members a private room looks like none, whatever they ask for',
    withStore(make, async (t) => {
      await t.room('den', 'ann', { isPrivate: true });
      const history = { userId: 'bob', of: { roomId: 'den' }, beforeId: undefined, afterId: undefined, limit: 9, bytesMax: 9 };
      const results = await settledAll<unknown>([
        t.say('den', 'bob'),
        t.store.history(history),
        t.leave('den', 'bob'),
        t.store.deleteRoom('den', 'bob', () => {}),
        t.store.joinRoom({ roomId: 'den', userId: 'bob', nowMs: 1, create: false, invited: false }, () => {}),
      ]);
      expect(results).toEqual(results.map(() => ({ code: 'room_not_found' })));
    }),
  );

  test(
    'a user is a member of so many rooms, and of another one after it has left one',
    withStore(
      make,
      async (t) => {
        await t.room('a', 'ann');
        await t.room('b', 'bob');
        await t.join('b', 'ann');
        const join = (roomId: string) =>
          t.store.joinRoom({ roomId, userId: 'ann', nowMs: 1, create: { maxMembers: 9 }, invited: true }, () => {});
        await t.room('c', 'bob');
        expect(await refusalOf(join('c'))).toBe('too_many_rooms');
        expect(await refusalOf(join('new'))).toBe('too_many_rooms');
        expect(await refusalOf(t.room('d', 'ann'))).toBe('too_many_rooms');
        expect((await rooms(t, undefined, 9)).rooms).toEqual(['a', 'b', 'c']);
        expect((await join('b')).joined).toBe(false);
        await t.leave('a', 'ann');
        expect((await join('c')).joined).toBe(true);
      },
      { roomsPerUserMax: 2 },
    ),
  );
}
