import { inboxOf, type StreamId, timelineOf } from '@parley/hub';
import { expect, test } from 'vitest';
import { type MakeStore, refusalOf, withStore } from './scenario.ts';

const ann = inboxOf('ann');
const tea = timelineOf('tea');

export function readersContract(make: MakeStore): void {
  test(
    'a reader has the inbox and the rooms of its user',
    withStore(make, async (t) => {
      await t.room('tea', 'ann');
      await t.room('foreign', 'bob');
      await t.join('foreign', 'cleo');
      expect([...(await t.open('ann')).keys()]).toEqual([ann, tea]);
      expect((await t.open('nobody')).get(inboxOf('nobody'))).toEqual({ cursor: 0, head: 0, written: 0, queued: 0, missed: 0 });
    }),
  );

  test(
    'everything above the cursor is queued',
    withStore(make, async (t) => {
      for (let count = 0; count < 3; count += 1) await t.direct('ann');
      expect((await t.open('ann')).get(ann)).toMatchObject({ cursor: 0, head: 3, queued: 3 });
      await t.received('ann', ann, 2);
      expect((await t.open('ann')).get(ann)).toMatchObject({ cursor: 2, head: 3, queued: 1 });
    }),
  );

  test(
    'a cursor only moves forward: a lower or equal seq changes nothing',
    withStore(make, async (t) => {
      for (let count = 0; count < 3; count += 1) await t.direct('ann');
      for (const seq of [2, 2, 1, 0]) await t.received('ann', ann, seq, 'phone');
      expect((await t.open('ann', 'phone')).get(ann)?.cursor).toBe(2);
      expect((await t.open('ann')).get(ann)?.cursor).toBe(2);
    }),
  );

  test(
    "an advance above the stream's head is refused, and the whole call changes nothing",
    withStore(make, async (t) => {
      await t.direct('ann');
      const at = (stream: StreamId, seq: number) => ({ userId: 'ann', deviceId: '', stream, seq });
      expect(await refusalOf(t.store.advance([at(ann, 1), at(ann, 2)], 5))).toBe('ack_out_of_range');
      expect(await refusalOf(t.store.advance([at(tea, 1)], 5))).toBe('ack_out_of_range');
      expect((await t.open('ann')).get(ann)?.cursor).toBe(0);
    }),
  );

  test(
    'a device seen for the first time starts where its user stands',
    withStore(make, async (t) => {
      await t.room('tea', 'ann');
      for (let count = 0; count < 3; count += 1) await t.say('tea', 'ann');
      for (let count = 0; count < 3; count += 1) await t.direct('ann');
      await t.received('ann', ann, 2, 'phone');
      await t.received('ann', tea, 1, 'phone');
      const laptop = await t.open('ann', 'laptop');
      expect(laptop.get(ann)).toEqual({ cursor: 2, head: 3, written: 2, queued: 1, missed: 0 });
      expect(laptop.get(tea)).toEqual({ cursor: 1, head: 3, written: 1, queued: 2, missed: 0 });
    }),
  );

  test(
    'a device that was seen before keeps its own place',
    withStore(make, async (t) => {
      await t.open('ann', 'laptop');
      for (let count = 0; count < 3; count += 1) await t.direct('ann');
      await t.received('ann', ann, 3, 'phone');
      expect((await t.open('ann', 'laptop')).get(ann)).toMatchObject({ cursor: 0, queued: 3 });
      expect((await t.open('ann')).get(ann)).toMatchObject({ cursor: 3, queued: 0 });
    }),
  );

  test(
    "a device's cursor moves its user's along, and no other device's",
    withStore(make, async (t) => {
      await t.open('ann', 'phone');
      await t.open('ann', 'laptop');
      for (let count = 0; count < 3; count += 1) await t.direct('ann');
      await t.received('ann', ann, 2, 'phone');
      await t.received('ann', ann, 1, 'laptop');
      const cursor = async (deviceId: string) => (await t.open('ann', deviceId)).get(ann)?.cursor;
      expect([await cursor('phone'), await cursor('laptop'), await cursor('')]).toEqual([2, 1, 2]);
      await t.received('ann', ann, 3);
      expect([await cursor('phone'), await cursor('laptop'), await cursor('')]).toEqual([2, 1, 3]);
    }),
  );

  test(
    'a new member starts at the join',
    withStore(make, async (t) => {
      await t.room('tea', 'bob');
      await t.say('tea', 'bob');
      await t.join('tea', 'ann');
      await t.say('tea', 'bob');
      expect((await t.open('ann')).get(tea)).toEqual({ cursor: 1, head: 2, written: 1, queued: 1, missed: 0 });
      expect((await t.open('ann', 'phone')).get(tea)).toMatchObject({ cursor: 1, queued: 1 });
    }),
  );

  test(
    'a device that was seen before starts at the join in a room that its user joined since',
    withStore(make, async (t) => {
      await t.room('tea', 'bob');
      await t.open('ann', 'laptop');
      await t.join('tea', 'ann');
      await t.say('tea', 'bob');
      await t.received('ann', tea, 1, 'phone');
      expect((await t.open('ann', 'laptop')).get(tea)).toMatchObject({ cursor: 0, queued: 1 });
    }),
  );

  test(
    'own messages without echo are not queued',
    withStore(make, async (t) => {
      await t.room('tea', 'ann');
      await t.join('tea', 'bob');
      await t.say('tea', 'ann', { echo: false });
      await t.say('tea', 'ann');
      await t.say('tea', 'ann', { echo: false });
      await t.say('tea', 'bob', { echo: false });
      expect((await t.open('ann')).get(tea)).toMatchObject({ head: 4, queued: 2 });
      expect((await t.open('bob')).get(tea)).toMatchObject({ head: 4, queued: 3 });
      await t.received('ann', tea, 2);
      expect((await t.open('ann')).get(tea)).toMatchObject({ cursor: 2, queued: 1 });
    }),
  );

  test(
    'leaving a room forgets its cursors: who joins again starts at the second join',
    withStore(make, async (t) => {
      await t.room('tea', 'bob');
      await t.join('tea', 'ann');
      await t.open('ann', 'phone');
      await t.say('tea', 'bob');
      await t.leave('tea', 'ann');
      expect((await t.open('ann')).has(tea)).toBe(false);
      await t.say('tea', 'bob');
      await t.join('tea', 'ann');
      await t.say('tea', 'bob');
      for (const device of ['', 'phone', 'laptop']) expect((await t.open('ann', device)).get(tea)).toMatchObject({ cursor: 2, queued: 1 });
    }),
  );

  test(
    'an acknowledgement that comes after its user left the room changes nothing',
    withStore(make, async (t) => {
      await t.room('tea', 'bob');
      await t.join('tea', 'ann');
      for (let count = 0; count < 2; count += 1) await t.say('tea', 'bob');
      await t.leave('tea', 'ann');
      await t.received('ann', tea, 2, 'phone');
      await t.store.closeReader({ userId: 'ann', deviceId: 'phone' }, [{ stream: tea, seq: 2 }], true);
      await t.join('tea', 'ann');
      expect((await t.open('ann', 'phone')).get(tea)).toMatchObject({ cursor: 2, queued: 0 });
    }),
  );

  test(
    "nobody moves another user's cursor",
    withStore(make, async (t) => {
      await t.direct('ann');
      await t.received('bob', ann, 1);
      expect((await t.open('ann')).get(ann)?.cursor).toBe(0);
    }),
  );

  test(
    'inOrder is called with the result: what the result does not include comes through onAppended after it',
    withStore(make, async (t) => {
      await t.room('tea', 'bob');
      const events: string[] = [];
      const mark = (name: string, streams: () => number) => events.push(`${name} after ${t.appended.length} of head ${streams()}`);
      await Promise.all([
        t.direct('ann'),
        t.store.openReader({ userId: 'ann', deviceId: '' }, 1, ({ streams }) => mark('open', () => streams[0]?.head ?? -1)),
        t.direct('ann'),
        t.store.openReader({ userId: 'ann', deviceId: 'phone' }, 1, ({ streams }) => mark('open', () => streams[0]?.head ?? -1)),
      ]);
      expect(events).toEqual(['open after 1 of head 1', 'open after 2 of head 2']);
    }),
  );

  test(
    'inOrder is called for rooms in commit order too, and not for refusals',
    withStore(make, async (t) => {
      const events: string[] = [];
      const join = (userId: string) =>
        t.store.joinRoom({ roomId: 'tea', userId, nowMs: 1, create: false, invited: false }, ({ joinedSeq }) =>
          events.push(`${userId} joined at ${joinedSeq}`),
        );
      const room = { roomId: 'tea', name: 'Tea', createdBy: 'bob', createdAtMs: 1, isPrivate: false, maxMembers: 9 };
      const calls = [
        t.store.createRoom(room, ({ memberCount }) => events.push(`created with ${memberCount}`)),
        t.say('tea', 'bob').then(() => {}),
        join('ann'),
        t.store.leaveRoom('tea', 'ann', () => events.push('left')),
        t.store.createRoom(room, () => events.push('never')),
        join('ann'),
      ];
      await Promise.allSettled(calls);
      expect(events).toEqual(['created with 1', 'ann joined at 1', 'left', 'ann joined at 1']);
    }),
  );
}
