import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OutboxBudget } from './outbox-budget.ts';

const marks = { floorBytes: 160, highWaterBytes: 1000, lowWaterBytes: 250, totalBytesMax: 10_000, connectionBytesMax: 100_000 };

test('with room for all, a connection may hold its own high-water mark', () => {
  const budget = new OutboxBudget(marks, () => 2000);
  expect(budget.fits(400, 600)).toBe(true);
  expect(budget.fits(401, 600)).toBe(false);
  expect(budget.roomFor(600)).toBe(400);
  expect(budget.roomFor(1001)).toBe(0);
  expect(budget.pageBytes(250)).toBe(750);
  expect(budget.pageBytes(251)).toBe(0);
});

test('slow readers share what there is, without one of them taking it all', () => {
  const held = Array.from({ length: 40 }, () => 0);
  const budget = new OutboxBudget(marks, () => held.reduce((sum, bytes) => sum + bytes, 0));
  // Nobody takes anything, and each who is not behind is given the same.
  for (let sent = 0; sent < 1000; sent += 1) {
    for (const [index, bytes] of held.entries()) if (budget.fits(10, bytes)) held[index] = bytes + 10;
  }
  expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(10);
  expect(held.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(marks.totalBytesMax);
});

describe('the floor, while others hold everything', () => {
  const budget = new OutboxBudget(marks, () => 1_000_000);

  test('is what a connection may still be given', () => {
    expect(budget.fits(160, 0)).toBe(true);
    expect(budget.fits(161, 0)).toBe(false);
    expect(budget.fits(60, 100)).toBe(true);
    expect(budget.fits(61, 100)).toBe(false);
    expect(budget.roomFor(60)).toBe(100);
  });

  test('is enough for a page of the log, if most of it is free', () => {
    expect(budget.pageBytes(0)).toBe(160);
    expect(budget.pageBytes(80)).toBe(80);
    expect(budget.pageBytes(81)).toBe(0);
  });
});

test('whatever is written to whom, all together hold at most the total, and the floor of each', () => {
  const write = fc.record({ to: fc.nat(30), bytes: fc.integer({ min: 1, max: 400 }), kind: fc.constantFrom('message', 'page', 'taken') });
  fc.assert(
    fc.property(fc.array(write, { minLength: 100, maxLength: 2000 }), (writes) => {
      const held = new Map<number, number>();
      const used = (): number => [...held.values()].reduce((sum, bytes) => sum + bytes, 0);
      const budget = new OutboxBudget(marks, used);
      for (const { to, bytes, kind } of writes) {
        const before = held.get(to) ?? 0;
        if (kind === 'taken') held.set(to, Math.max(0, before - bytes));
        else if (kind === 'page') held.set(to, before + budget.pageBytes(before));
        else if (budget.fits(bytes, before)) held.set(to, before + bytes);
        expect(used()).toBeLessThanOrEqual(marks.totalBytesMax + held.size * marks.floorBytes);
        expect(held.get(to) ?? 0).toBeLessThanOrEqual(marks.highWaterBytes);
      }
    }),
  );
});
