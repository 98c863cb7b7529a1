import { expect, test } from 'vitest';
import type { Sql } from './connection.ts';
import { createCounts } from './counts.ts';

/** A database whose counts grow with each time that its rows are counted, which takes so long. */
function countingDatabase(clock: { nowMs: number }, tookMs: number): Sql & { readonly counted: () => number } {
  let counted = 0;
  return {
    counted: () => counted,
    query: async <R>({ name }: { name?: string }) => {
      if (name !== 'count_rows') return [{ key: 'expired', value: 3 }] as R[];
      counted += 1;
      clock.nowMs += tookMs;
      return [{ messages: counted, queued: 0 }] as R[];
    },
  };
}

test('rows are counted once in ten seconds, and by one call for all that come meanwhile', async () => {
  const clock = { nowMs: 1_000 };
  const sql = countingDatabase(clock, 5);
  const counts = createCounts({ sql, damaged: () => 2, nowMs: () => clock.nowMs });
  const [first, second] = await Promise.all([counts(), counts()]);
  expect(first).toEqual({ messages: 1, rooms: 0, queued: 0, expired: 3, dropped: 0, damaged: 2 });
  expect(second).toEqual(first);
  clock.nowMs += 9_999;
  expect((await counts()).messages).toBe(1);
  clock.nowMs += 1;
  expect((await counts()).messages).toBe(2);
});

test('where counting takes long, it is done more rarely', async () => {
  const clock = { nowMs: 0 };
  const sql = countingDatabase(clock, 2_000);
  const counts = createCounts({ sql, damaged: () => 0, nowMs: () => clock.nowMs });
  await counts();
  clock.nowMs += 39_999;
  expect((await counts()).messages).toBe(1);
  clock.nowMs += 1;
  expect((await counts()).messages).toBe(2);
});

test('a count that failed is tried again', async () => {
  let isUp = false;
  const sql = countingDatabase({ nowMs: 0 }, 0);
  const query: Sql['query'] = (statement) => (isUp ? sql.query(statement) : Promise.reject(new Error('away')));
  const counts = createCounts({ sql: { query }, damaged: () => 0, nowMs: () => 0 });
  await expect(counts()).rejects.toThrow('away');
  isUp = true;
  expect((await counts()).messages).toBe(1);
});
