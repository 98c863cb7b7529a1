import { inboxOf, timelineOf } from '@parley/hub';
import { expect, test } from 'vitest';
import { type MakeStore, type StoreCapabilities, withStore } from './scenario.ts';

const ann = inboxOf('ann');
const tea = timelineOf('tea');
const dropping = { queueMessagesMax: 3, queueOverflow: 'drop_oldest' } as const;

export function retentionContract(make: MakeStore, { restarts }: StoreCapabilities): void {
  test(
    'drop_oldest removes the oldest undelivered message, counts it, and goes on with seq',
    withStore(
      make,
      async (t) => {
        for (const content of ['1', '2', '3', '4', '5']) await t.direct('ann', { content });
        expect(await t.contents(ann)).toEqual(['3', '4', '5']);
        expect(await t.store.counts()).toEqual({ messages: 3, rooms: 0, queued: 3, expired: 0, dropped: 2, damaged: 0 });
        expect((await t.open('ann')).get(ann)).toEqual({ cursor: 2, head: 5, written: 2, queued: 3, missed: 2 });
      },
      dropping,
    ),
  );

  test(
    'drop_oldest leaves delivered messages to the history',
    withStore(
      make,
      async (t) => {
        await t.direct('ann', { content: '1' });
        await t.received('ann', ann, 1);
        for (const content of ['2', '3', '4', '5']) await t.direct('ann', { content });
        expect(await t.contents(ann)).toEqual(['1', '3', '4', '5']);
        expect((await t.open('ann')).get(ann)).toMatchObject({ cursor: 2, queued: 3, missed: 1 });
        expect(await t.store.counts()).toMatchObject({ queued: 3, dropped: 1 });
      },
      dropping,
    ),
  );

  test(
    'an inbox below its limit drops nothing, and inboxes are counted apart',
    withStore(
      make,
      async (t) => {
        for (let count = 0; count < 3; count += 1) await Promise.all([t.direct('ann'), t.direct('bob')]);
        expect(await t.store.counts()).toMatchObject({ queued: 6, dropped: 0 });
        await t.received('ann', ann, 3);
        await t.direct('ann');
        expect(await t.store.counts()).toMatchObject({ queued: 4, dropped: 0, messages: 7 });
      },
      dropping,
    ),
  );

  test(
    'retention goes by the retention clock, not by the time that a message shows',
    withStore(make, async (t) => {
      await t.direct('ann', { content: 'from the future', createdAtMs: 1e15, storedAtMs: 10 });
      await t.direct('ann', { content: 'from the past', createdAtMs: 0, storedAtMs: 500 });
      expect(await t.expire(600, { deliveredMs: 300, undeliveredMs: 300 })).toBe(1);
      expect(await t.contents(ann)).toEqual(['from the past']);
      expect(await t.store.retentionTime()).toBe(600);
    }),
  );

  test.for(restarts)('the retention clock goes on over a restart (%s)', async (how) => {
    await withStore(make, async (t) => {
      expect(await t.store.retentionTime()).toBe(0);
      await t.expire(700, { deliveredMs: 1, undeliveredMs: 1 });
      await t.reopen(how);
      expect(await t.store.retentionTime()).toBe(700);
    })();
  });

  test(
    'what is older than the retention is removed, delivered and undelivered by their own limits',
    withStore(make, async (t) => {
      await t.room('tea', 'bob');
      for (const createdAtMs of [100, 200, 300, 400]) {
        await t.direct('ann', { content: String(createdAtMs), createdAtMs });
        await t.say('tea', 'bob', { content: String(createdAtMs), createdAtMs });
      }
      await t.received('ann', ann, 3);
      expect(await t.expire(1_000, { deliveredMs: 750, undeliveredMs: 1_000 })).toBe(4);
      expect(await t.contents(ann)).toEqual(['300', '400']);
      expect(await t.contents(tea)).toEqual(['300', '400']);
      expect(await t.expire(1_000, { deliveredMs: 750, undeliveredMs: 1_000 })).toBe(0);
      expect(await t.expire(1_401, { deliveredMs: 750, undeliveredMs: 1_000 })).toBe(4);
      expect(await t.store.counts()).toEqual({ messages: 0, rooms: 1, queued: 0, expired: 1, dropped: 0, damaged: 0 });
    }),
  );

  test(
    'a message that is exactly as old as the retention is kept',
    withStore(make, async (t) => {
      await t.direct('ann', { createdAtMs: 100 });
      expect(await t.expire(150, { deliveredMs: 50, undeliveredMs: 50 })).toBe(0);
      expect(await t.expire(151, { deliveredMs: 50, undeliveredMs: 50 })).toBe(1);
    }),
  );

  test(
    'undelivered messages may go before delivered ones, which stay for the history',
    withStore(make, async (t) => {
      for (const content of ['1', '2', '3', '4']) await t.direct('ann', { content });
      await t.received('ann', ann, 2);
      expect(await t.expire(2_000, { deliveredMs: 5_000, undeliveredMs: 10 })).toBe(2);
      expect(await t.contents(ann)).toEqual(['1', '2']);
      expect((await t.open('ann')).get(ann)).toMatchObject({ cursor: 4, head: 4, queued: 0, missed: 2 });
      expect(await t.store.counts()).toMatchObject({ messages: 2, queued: 0, expired: 2 });
      expect(await t.expire(9_000, { deliveredMs: 5_000, undeliveredMs: 10 })).toBe(2);
      expect(await t.store.counts()).toMatchObject({ messages: 0, expired: 2 });
    }),
  );

  test(
    'expiry makes no gap: a message stays while an older one before it stays',
    withStore(make, async (t) => {
      for (const createdAtMs of [1, 500, 2]) await t.direct('ann', { content: String(createdAtMs), createdAtMs });
      expect(await t.expire(600, { deliveredMs: 300, undeliveredMs: 300 })).toBe(1);
      expect(await t.contents(ann)).toEqual(['500', '2']);
      expect(await t.expire(900, { deliveredMs: 300, undeliveredMs: 300 })).toBe(2);
    }),
  );

  test(
    'expiry makes room in a full queue, and a receipt of a removed message is never given',
    withStore(
      make,
      async (t) => {
        for (let count = 0; count < 3; count += 1) await t.direct('ann', { receipt: true });
        await t.expire(1e6, { deliveredMs: 1, undeliveredMs: 1 });
        await t.direct('ann', { receipt: true });
        const receipts = await t.store.advance([{ userId: 'ann', deviceId: '', stream: ann, seq: 4 }], 5);
        expect(receipts.map(({ seq }) => seq)).toEqual([4]);
      },
      { queueMessagesMax: 3 },
    ),
  );

  test(
    'a large backlog is removed a bounded part at a time',
    withStore(make, async (t) => {
      await Promise.all(
        Array.from({ length: 2_500 }, (_, index) => t.direct(`user ${index % 7}`, { createdAtMs: index < 2_400 ? 1 : 1e6 })),
      );
      expect(await t.expire(1e6, { deliveredMs: 10, undeliveredMs: 10 })).toBe(2_400);
      expect(await t.store.counts()).toMatchObject({ messages: 100, queued: 100, expired: 2_400 });
    }),
  );

  test.for(restarts)('counts go on over a restart (%s)', async (how) => {
    await withStore(
      make,
      async (t) => {
        await t.room('tea', 'ann');
        await t.say('tea', 'ann');
        for (let count = 0; count < 5; count += 1) await t.direct('ann');
        await t.received('ann', ann, 3);
        await t.direct('bob', { createdAtMs: 0 });
        await t.expire(1_000, { deliveredMs: 1e9, undeliveredMs: 999 });
        const before = await t.store.counts();
        expect(before).toEqual({ messages: 4, rooms: 1, queued: 2, expired: 1, dropped: 2, damaged: 0 });
        await t.reopen(how);
        expect(await t.store.counts()).toEqual(before);
      },
      dropping,
    )();
  });
}
