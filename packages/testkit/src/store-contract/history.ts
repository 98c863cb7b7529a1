import { type HistoryQuery, inboxOf } from '@parley/hub';
import { expect, test } from 'vitest';
import { type MakeStore, refusalOf, type Scenario, withStore } from './scenario.ts';

const ofTea = { roomId: 'tea' };

const ask = (t: Scenario, query: Partial<HistoryQuery>) =>
  t.store.history({ userId: 'ann', of: ofTea, beforeId: undefined, afterId: undefined, limit: 2, bytesMax: 1e6, ...query });

const page = async (t: Scenario, query: Partial<HistoryQuery>) => {
  const { messages, hasMore } = await ask(t, query);
  return [messages.map(({ content }) => Number(content)), hasMore];
};

/** Messages 1 to 5 in a room, with others between them; returns their ids. */
async function teaTime(t: Scenario): Promise<readonly number[]> {
  await t.room('tea', 'ann');
  const ids: number[] = [];
  for (let number = 1; number <= 5; number += 1) {
    ids.push((await t.say('tea', 'ann', { content: String(number) })).id);
    await t.direct('ann', { content: '0' });
  }
  return ids;
}

/** Messages 1 to 5 between ann and bob, both ways; returns their ids. */
async function talk(t: Scenario): Promise<readonly number[]> {
  const ids: number[] = [];
  for (let number = 1; number <= 5; number += 1) {
    const [senderId, recipientId] = number % 2 === 0 ? (['ann', 'bob'] as const) : (['bob', 'ann'] as const);
    ids.push((await t.direct(recipientId, { senderId, content: String(number) })).id);
    await t.direct('ann', { senderId: 'cleo', content: '0' });
  }
  return ids;
}

export function historyContract(make: MakeStore): void {
  test.for([
    ['a room', teaTime, ofTea],
    ['a conversation, both ways', talk, { withUserId: 'bob' }],
  ] as const)('pages of %s come oldest first, in the direction of the query', async ([, prepare, of]) => {
    await withStore(make, async (t) => {
      const ids = await prepare(t);
      const id = (number: number): number => ids[number - 1] ?? -1;
      expect(await page(t, { of })).toEqual([[4, 5], true]);
      expect(await page(t, { of, limit: 5 })).toEqual([[1, 2, 3, 4, 5], false]);
      expect(await page(t, { of, beforeId: id(4) })).toEqual([[2, 3], true]);
      expect(await page(t, { of, beforeId: id(3) })).toEqual([[1, 2], false]);
      expect(await page(t, { of, beforeId: id(1) })).toEqual([[], false]);
      expect(await page(t, { of, afterId: id(2) })).toEqual([[3, 4], true]);
      expect(await page(t, { of, afterId: id(3) })).toEqual([[4, 5], false]);
      expect(await page(t, { of, afterId: id(5) })).toEqual([[], false]);
      expect(await page(t, { of, afterId: 0 })).toEqual([[1, 2], true]);
      expect(await page(t, { of, afterId: id(1), beforeId: id(5), limit: 9 })).toEqual([[2, 3, 4], false]);
    })();
  });

  test(
    'a page is bounded in bytes too, and has at least one message',
    withStore(make, async (t) => {
      await teaTime(t);
      expect(await page(t, { limit: 9, bytesMax: 3 })).toEqual([[3, 4, 5], true]);
      expect(await page(t, { limit: 9, bytesMax: 5 })).toEqual([[1, 2, 3, 4, 5], false]);
      expect(await page(t, { limit: 9, afterId: 0, bytesMax: 2 })).toEqual([[1, 2], true]);
      expect(await page(t, { limit: 9, bytesMax: 0 })).toEqual([[5], true]);
    }),
  );

  test(
    'bounds may be ids of other streams, or of no message',
    withStore(make, async (t) => {
      const ids = await teaTime(t);
      const foreign = (ids[2] ?? 0) + 1;
      expect(await page(t, { beforeId: foreign })).toEqual([[2, 3], true]);
      expect(await page(t, { afterId: foreign })).toEqual([[4, 5], false]);
      expect(await page(t, { beforeId: 1e12 })).toEqual([[4, 5], true]);
      expect(await page(t, { afterId: 1e12 })).toEqual([[], false]);
    }),
  );

  test(
    'history goes on working when its oldest part has expired',
    withStore(make, async (t) => {
      const ids = await teaTime(t);
      await t.say('tea', 'ann', { content: '6', createdAtMs: 1e9 });
      expect(await t.expire(1e9, { deliveredMs: 1, undeliveredMs: 1e12 })).toBe(5);
      expect(await page(t, {})).toEqual([[6], false]);
      expect(await page(t, { beforeId: ids[4] ?? -1 })).toEqual([[], false]);
      expect(await page(t, { afterId: ids[0] ?? -1 })).toEqual([[6], false]);
    }),
  );

  test(
    'the history of a room is for its members',
    withStore(make, async (t) => {
      await teaTime(t);
      expect(await refusalOf(ask(t, { userId: 'bob' }))).toBe('not_member');
      expect(await refusalOf(ask(t, { of: { roomId: 'nowhere' } }))).toBe('room_not_found');
      await t.leave('tea', 'ann');
      expect(await refusalOf(ask(t, {}))).toBe('not_member');
    }),
  );

  test(
    'both sides of a conversation see the same, and nobody else does',
    withStore(make, async (t) => {
      await talk(t);
      expect(await page(t, { userId: 'bob', of: { withUserId: 'ann' } })).toEqual([[4, 5], true]);
      expect(await page(t, { userId: 'cleo', of: { withUserId: 'bob' } })).toEqual([[], false]);
      await t.direct('ann', { senderId: 'ann', content: '9' });
      expect(await page(t, { of: { withUserId: 'ann' } })).toEqual([[9], false]);
    }),
  );

  test(
    'a history message is complete, with the time of its delivery',
    withStore(make, async (t) => {
      for (const content of ['1', '2', '3']) await t.direct('ann', { senderId: 'bob', content, type: 'note', clientMsgId: content });
      const advance = (seq: number, nowMs: number) =>
        t.store.advance([{ userId: 'ann', deviceId: 'phone', stream: inboxOf('ann'), seq }], nowMs);
      await advance(1, 100);
      await advance(2, 200);
      const { messages } = await ask(t, { of: { withUserId: 'bob' }, limit: 9 });
      expect(messages.map(({ deliveredAtMs }) => deliveredAtMs)).toEqual([100, 200, undefined]);
      expect(messages.map(({ deliveredAtMs: _, ...message }) => message)).toEqual(t.appended);
    }),
  );

  test(
    'one acknowledgement delivers everything below it, and room messages have no delivery time',
    withStore(make, async (t) => {
      await t.room('tea', 'ann');
      await t.say('tea', 'ann');
      for (let count = 0; count < 3; count += 1) await t.direct('ann', { senderId: 'bob' });
      await t.store.advance([{ userId: 'ann', deviceId: '', stream: inboxOf('ann'), seq: 3 }], 300);
      const { messages } = await ask(t, { of: { withUserId: 'bob' }, limit: 9 });
      expect(messages.map(({ deliveredAtMs }) => deliveredAtMs)).toEqual([300, 300, 300]);
      expect((await ask(t, {})).messages.map(({ deliveredAtMs }) => deliveredAtMs)).toEqual([undefined]);
    }),
  );
}
