import { inboxOf, timelineOf } from '@parley/hub';
import { expect, test } from 'vitest';
import { type MakeStore, type Scenario, type StoreCapabilities, withStore } from './scenario.ts';

const ann = inboxOf('ann');
const retention = { deliveredMs: 100, undeliveredMs: 100 };

const close = (t: Scenario, userId: string, deviceId = '') => t.store.closeReader({ userId, deviceId }, [], true);
const use = async (t: Scenario, userId: string, deviceId = '') => {
  const opened = await t.open(userId, deviceId);
  await close(t, userId, deviceId);
  return opened;
};

/** Devices with a cursor of their own start there, the others at the cursor of their user. */
const cursorOf = async (t: Scenario, deviceId: string) => (await use(t, 'ann', deviceId)).get(ann)?.cursor;

export function unusedContract(make: MakeStore, { restarts }: StoreCapabilities): void {
  test(
    'above the limit of devices the one that was unused for longest is forgotten, and starts where its user stands',
    withStore(
      make,
      async (t) => {
        await use(t, 'ann', 'old');
        await t.expire(10, { deliveredMs: 1e6, undeliveredMs: 1e6 });
        await use(t, 'ann', 'young');
        await t.direct('ann');
        await t.received('ann', ann, 1);
        await use(t, 'ann', 'new');
        expect(await cursorOf(t, 'young')).toBe(0);
        expect(await cursorOf(t, 'old')).toBe(1);
      },
      { devicesPerUserMax: 2 },
    ),
  );

  test(
    'a device that nobody used for the retention time is forgotten, one that was used or is open is not',
    withStore(make, async (t) => {
      for (const device of ['unused', 'used']) await use(t, 'ann', device);
      await t.open('ann', 'open');
      await t.direct('ann', { createdAtMs: 150 });
      await t.received('ann', ann, 1);
      await t.store.expire(retention, 90);
      await use(t, 'ann', 'used');
      await t.store.expire(retention, 150);
      await t.store.expire(retention, 150);
      expect(await cursorOf(t, 'used')).toBe(0);
      expect(await cursorOf(t, 'open')).toBe(0);
      expect(await cursorOf(t, 'unused')).toBe(1);
    }),
  );

  test(
    'a user that nobody used for the retention time is forgotten, and loses and misses nothing when it comes back',
    withStore(make, async (t) => {
      await use(t, 'ann', 'phone');
      await t.store.saveStates([{ userId: 'ann', state: 'away', statusText: undefined, lastSeenMs: 1 }]);
      await t.direct('ann', { createdAtMs: 1 });
      await t.direct('ann', { createdAtMs: 1 });
      await t.received('ann', ann, 2, 'phone');
      for (const nowMs of [150, 151, 152]) await t.store.expire(retention, nowMs);
      expect(await t.store.states(['ann'])).toEqual([]);
      if (restarts.includes('close')) await t.reopen('close');
      await t.direct('ann', { content: '3', createdAtMs: 160 });
      expect(await t.store.counts()).toMatchObject({ queued: 1, messages: 1 });
      const position = { cursor: 2, head: 3, written: 2, queued: 1, missed: 0 };
      expect((await use(t, 'ann')).get(ann)).toEqual(position);
      expect((await use(t, 'ann', 'phone')).get(ann)).toEqual(position);
    }),
  );

  test(
    'a user with messages or rooms is not forgotten',
    withStore(make, async (t) => {
      await t.room('tea', 'bob');
      await t.say('tea', 'bob', { createdAtMs: 140 });
      for (const userId of ['ann', 'bob']) {
        await use(t, userId);
        await t.store.saveStates([{ userId, state: 'away', statusText: undefined, lastSeenMs: 1 }]);
      }
      await t.received('bob', timelineOf('tea'), 1);
      await t.direct('ann', { createdAtMs: 140 });
      await t.received('ann', ann, 1);
      for (const nowMs of [150, 151]) await t.store.expire(retention, nowMs);
      expect(await t.store.states(['ann', 'bob'])).toHaveLength(2);
      expect((await use(t, 'ann')).get(ann)).toMatchObject({ cursor: 1, queued: 0 });
      expect((await use(t, 'bob')).get(timelineOf('tea'))).toMatchObject({ cursor: 1, queued: 0 });
    }),
  );
}
