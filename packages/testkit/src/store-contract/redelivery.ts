import { inboxOf, timelineOf } from '@parley/hub';
import { expect, test } from 'vitest';
import { type MakeStore, type Scenario, type StoreCapabilities, withStore } from './scenario.ts';

const ann = inboxOf('ann');
const tea = timelineOf('tea');
const phone = { userId: 'ann', deviceId: 'phone' };

async function directs(t: Scenario, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await t.direct('ann');
}

export function redeliveryContract(make: MakeStore, { restarts }: StoreCapabilities): void {
  test(
    'nothing above the cursor was written to a reader that is opened for the first time',
    withStore(make, async (t) => {
      await directs(t, 3);
      expect((await t.open('ann', 'phone')).get(ann)).toMatchObject({ cursor: 0, written: 0 });
    }),
  );

  test(
    'closeReader remembers up to where messages may have been written',
    withStore(make, async (t) => {
      await directs(t, 3);
      await t.open('ann', 'phone');
      await t.received('ann', ann, 1, 'phone');
      await t.store.closeReader(phone, [{ stream: ann, seq: 2 }], true);
      expect((await t.open('ann', 'phone')).get(ann)).toMatchObject({ cursor: 1, written: 2, head: 3 });
      expect((await t.open('ann', 'laptop')).get(ann)).toMatchObject({ cursor: 1, written: 1 });
    }),
  );

  test(
    'written never lies below the cursor or above the head, and does not go back',
    withStore(make, async (t) => {
      await directs(t, 3);
      await t.open('ann', 'phone');
      await t.store.closeReader(phone, [{ stream: ann, seq: 99 }], true);
      await directs(t, 1);
      await t.open('ann', 'phone');
      await t.store.closeReader(phone, [{ stream: ann, seq: 1 }], true);
      expect((await t.open('ann', 'phone')).get(ann)).toMatchObject({ written: 3, head: 4 });
      await t.received('ann', ann, 4, 'phone');
      await t.store.closeReader(phone, [], true);
      expect((await t.open('ann', 'phone')).get(ann)).toMatchObject({ cursor: 4, written: 4 });
    }),
  );

  test(
    'while another connection of the reader is open, everything may have been written',
    withStore(make, async (t) => {
      await t.open('ann', 'phone');
      await directs(t, 2);
      expect((await t.open('ann', 'phone')).get(ann)).toMatchObject({ cursor: 0, written: 2 });
      await t.store.closeReader(phone, [{ stream: ann, seq: 1 }], false);
      await directs(t, 1);
      expect((await t.open('ann', 'phone')).get(ann)).toMatchObject({ written: 3 });
    }),
  );

  test(
    'openReader takes effect after a closeReader that was called before',
    withStore(make, async (t) => {
      await t.open('ann', 'phone');
      await directs(t, 2);
      const [, opened] = await Promise.all([t.store.closeReader(phone, [{ stream: ann, seq: 1 }], true), t.open('ann', 'phone')]);
      expect(opened.get(ann)).toMatchObject({ cursor: 0, written: 1 });
    }),
  );

  test.for(restarts)('after the hub died (%s) with a reader open, everything up to then may have been written', async (how) => {
    await withStore(make, async (t) => {
      await t.room('tea', 'bob');
      await t.join('tea', 'ann');
      await t.open('ann', 'phone');
      await directs(t, 2);
      await t.say('tea', 'bob');
      await t.reopen(how);
      const opened = await t.open('ann', 'phone');
      expect(opened.get(ann)).toMatchObject({ cursor: 0, written: 2 });
      expect(opened.get(tea)).toMatchObject({ cursor: 0, written: 1 });
      await t.store.closeReader(phone, [{ stream: ann, seq: 0 }], true);
      await directs(t, 1);
      expect((await t.open('ann', 'phone')).get(ann)).toMatchObject({ cursor: 0, written: 2, head: 3 });
    })();
  });

  test.for(restarts)('a reader that was closed before the hub died is not marked (%s)', async (how) => {
    await withStore(make, async (t) => {
      await t.open('ann', 'phone');
      await t.store.closeReader(phone, [], true);
      await directs(t, 2);
      await t.reopen(how);
      expect((await t.open('ann', 'phone')).get(ann)).toMatchObject({ written: 0, head: 2 });
    })();
  });

  test(
    'what expired before a reader received it is missed, and told once',
    withStore(make, async (t) => {
      await t.open('ann', 'phone');
      await directs(t, 3);
      expect(await t.expire(1e9, { deliveredMs: 1, undeliveredMs: 1 })).toBe(3);
      await directs(t, 1);
      expect((await t.open('ann', 'phone')).get(ann)).toEqual({ cursor: 3, head: 4, written: 4, queued: 1, missed: 3 });
      expect((await t.open('ann', 'phone')).get(ann)).toMatchObject({ cursor: 3, missed: 0 });
      expect((await t.open('ann')).get(ann)).toMatchObject({ cursor: 3, missed: 3 });
      expect((await t.open('ann')).get(ann)).toMatchObject({ cursor: 3, missed: 0 });
    }),
  );

  test(
    'what was received before it expired is not missed',
    withStore(make, async (t) => {
      await t.room('tea', 'bob');
      await t.join('tea', 'ann');
      for (let count = 0; count < 3; count += 1) await t.say('tea', 'bob');
      await t.received('ann', tea, 2);
      await t.expire(1e9, { deliveredMs: 1, undeliveredMs: 1 });
      expect((await t.open('ann')).get(tea)).toEqual({ cursor: 3, head: 3, written: 3, queued: 0, missed: 1 });
    }),
  );

  test(
    'advance returns the direct messages with receipt that it delivered, once',
    withStore(make, async (t) => {
      const first = await t.direct('ann', { senderId: 'bob', receipt: true });
      await t.direct('ann', { receipt: false });
      const third = await t.direct('ann', { senderId: 'cleo', receipt: true });
      const advance = (seq: number, deviceId: string, nowMs: number) =>
        t.store.advance([{ userId: 'ann', deviceId, stream: ann, seq }], nowMs);
      expect(await advance(2, 'phone', 50)).toEqual([
        { messageId: first.id, seq: 1, senderId: 'bob', recipientId: 'ann', deliveredAtMs: 50 },
      ]);
      expect(await advance(2, 'laptop', 60)).toEqual([]);
      expect(await advance(3, 'laptop', 70)).toEqual([
        { messageId: third.id, seq: 3, senderId: 'cleo', recipientId: 'ann', deliveredAtMs: 70 },
      ]);
      expect(await advance(3, '', 80)).toEqual([]);
    }),
  );

  test(
    'receipts of one call come in the order of its advances',
    withStore(make, async (t) => {
      await t.direct('ann', { receipt: true });
      await t.direct('bob', { receipt: true });
      const receipts = await t.store.advance(
        ['bob', 'ann'].map((userId) => ({ userId, deviceId: '', stream: inboxOf(userId), seq: 1 })),
        9,
      );
      expect(receipts.map(({ recipientId }) => recipientId)).toEqual(['bob', 'ann']);
    }),
  );

  test.for(restarts)('a cursor survives a restart (%s)', async (how) => {
    await withStore(make, async (t) => {
      await t.open('ann', 'phone');
      await directs(t, 3);
      await t.received('ann', ann, 2, 'phone');
      await t.reopen(how);
      expect((await t.open('ann', 'phone')).get(ann)?.cursor).toBe(2);
      expect((await t.open('ann')).get(ann)?.cursor).toBe(2);
    })();
  });
}
