import { timelineOf } from '@parley/hub';
import { expect, test } from 'vitest';
import { type MakeStore, refusalOf, type Scenario, type StoreCapabilities, withStore } from './scenario.ts';

const tea = timelineOf('tea');
const forever = { deliveredMs: 1e9, undeliveredMs: 1e9 };

const remove = (t: Scenario, userId?: string) => t.store.deleteRoom('tea', userId, () => {});
const roles = async (t: Scenario) => (await t.members('tea')).map(({ userId, role }) => [userId, role]);
const history = async (t: Scenario, bounds: { beforeId?: number; afterId?: number } = {}) => {
  const query = { userId: 'ann', of: { roomId: 'tea' }, beforeId: undefined, afterId: undefined, limit: 9, bytesMax: 999 };
  return (await t.store.history({ ...query, ...bounds })).messages.map(({ content }) => content);
};

export function deletedRoomsContract(make: MakeStore, { restarts }: StoreCapabilities): void {
  test(
    'when the owner leaves, the member who joined first becomes the owner',
    withStore(make, async (t) => {
      await t.room('tea', 'ann');
      await t.join('tea', 'cleo', 'bob');
      await t.leave('tea', 'bob');
      await t.join('tea', 'bob');
      expect(await t.leave('tea', 'ann')).toEqual({ memberCount: 2, deleted: false });
      expect(await roles(t)).toEqual([
        ['cleo', 'owner'],
        ['bob', 'member'],
      ]);
      await t.join('tea', 'ann');
      await t.leave('tea', 'bob');
      expect(await roles(t)).toEqual([
        ['cleo', 'owner'],
        ['ann', 'member'],
      ]);
    }),
  );

  test(
    'the first to join a room that all have left is its owner',
    withStore(make, async (t) => {
      await t.room('tea', 'ann');
      await t.leave('tea', 'ann');
      await t.join('tea', 'bob', 'ann');
      expect(await roles(t)).toEqual([
        ['bob', 'owner'],
        ['ann', 'member'],
      ]);
    }),
  );

  test(
    'a private room goes with its last member, and its name is free',
    withStore(make, async (t) => {
      await t.room('tea', 'ann', { isPrivate: true });
      await t.join('tea', 'bob');
      await t.say('tea', 'bob');
      expect(await t.leave('tea', 'ann')).toEqual({ memberCount: 1, deleted: false });
      expect(await t.leave('tea', 'bob')).toEqual({ memberCount: 0, deleted: true });
      expect(await t.store.room('tea')).toBeUndefined();
      expect(await t.store.counts()).toMatchObject({ rooms: 0 });
      expect(await t.store.createRoom({ ...room, isPrivate: true }, () => {})).toMatchObject({ joinedSeq: 1 });
      expect(await t.contents(tea)).toEqual([]);
    }),
  );

  test(
    'a room is deleted by its owner or by the application only',
    withStore(make, async (t) => {
      expect(await refusalOf(remove(t))).toBe('room_not_found');
      expect(await refusalOf(remove(t, 'ann'))).toBe('room_not_found');
      await t.room('tea', 'ann');
      await t.join('tea', 'bob');
      expect(await refusalOf(remove(t, 'cleo'))).toBe('not_member');
      expect(await refusalOf(remove(t, 'bob'))).toBe('not_owner');
      await remove(t, 'ann');
      expect(await t.store.room('tea')).toBeUndefined();
      await t.room('tea', 'ann');
      await remove(t);
      expect(await t.rooms()).toEqual([]);
    }),
  );

  test(
    'a deleted room has no members, and nobody reads it, sends to it or has a place in it',
    withStore(make, async (t) => {
      await t.room('tea', 'ann');
      await t.join('tea', 'bob');
      await t.say('tea', 'bob');
      await t.received('bob', tea, 1);
      await remove(t);
      expect(await refusalOf(t.members('tea'))).toBe('room_not_found');
      expect(await refusalOf(t.say('tea', 'ann'))).toBe('room_not_found');
      expect(await refusalOf(t.leave('tea', 'ann'))).toBe('room_not_found');
      expect(await refusalOf(history(t))).toBe('room_not_found');
      expect([...(await t.open('bob')).keys()]).toEqual(['user:bob']);
    }),
  );

  test.for([...restarts, 'none'] as const)(
    'a room with the name of a deleted one goes on with its numbers and shows nothing of it (restart: %s)',
    async (how) => {
      await withStore(make, async (t) => {
        await t.room('tea', 'ann');
        await t.join('tea', 'bob');
        const old = await t.say('tea', 'ann', { content: '1', clientMsgId: 'c1' });
        await t.say('tea', 'ann', { content: '2' });
        await t.received('ann', tea, 2);
        await remove(t);
        if (how !== 'none') await t.reopen(how);
        expect(await t.store.createRoom(room, () => {})).toMatchObject({ joinedSeq: 2, memberCount: 1 });
        expect(await t.contents(tea)).toEqual([]);
        expect(await history(t)).toEqual([]);
        const made = await t.say('tea', 'ann', { content: '3', clientMsgId: 'c1' });
        expect(made).toMatchObject({ seq: 3, duplicate: false });
        expect(await t.say('tea', 'ann', { content: '3', clientMsgId: 'c1' })).toEqual({ ...made, duplicate: true });
        await t.join('tea', 'bob');
        expect(await t.contents(tea)).toEqual(['3']);
        expect(await history(t)).toEqual(['3']);
        expect(await history(t, { beforeId: made.id })).toEqual([]);
        expect(await history(t, { afterId: old.id })).toEqual(['3']);
        expect((await t.open('ann')).get(tea)).toEqual({ cursor: 2, head: 3, written: 2, queued: 1, missed: 0 });
        expect((await t.open('bob', 'phone')).get(tea)).toMatchObject({ cursor: 3, queued: 0 });
      })();
    },
  );

  test(
    'what a deleted room held is removed whatever its age, a bounded part at a time, and nothing else is',
    withStore(make, async (t) => {
      await t.room('tea', 'ann');
      await t.room('den', 'ann');
      await Promise.all(Array.from({ length: 1_000 }, () => t.say('tea', 'ann')));
      await t.say('den', 'ann');
      await t.direct('ann');
      await remove(t);
      await t.room('tea', 'ann');
      await t.say('tea', 'ann', { content: 'new' });
      expect(await t.expire(1_000, forever)).toBe(1_000);
      expect(await t.store.counts()).toMatchObject({ messages: 3, expired: 0 });
      expect(await t.contents(tea)).toEqual(['new']);
      expect((await t.say('tea', 'ann')).seq).toBe(1_002);
      await remove(t);
      expect(await t.expire(1_000, forever)).toBe(2);
    }),
  );

  test(
    'the numbers go on when all of a deleted room was removed',
    withStore(make, async (t) => {
      await t.room('tea', 'ann');
      await t.say('tea', 'ann');
      await remove(t);
      await t.expire(1_000, forever);
      if (restarts.includes('close')) await t.reopen('close');
      await t.room('tea', 'ann');
      expect((await t.say('tea', 'ann')).seq).toBe(2);
    }),
  );
}

const room = { roomId: 'tea', name: 'again', createdBy: 'ann', createdAtMs: 5_000, isPrivate: false, maxMembers: 9 };
