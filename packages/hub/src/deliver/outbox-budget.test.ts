import { expect, test } from 'vitest';
import { OutboxBudget } from './outbox-budget.ts';

const marks = { highWaterBytes: 1000, lowWaterBytes: 250, totalBytesMax: 10_000 };

test('with room for all, a connection leaves live mode above its own high-water mark', () => {
  const budget = new OutboxBudget(marks, () => 2000);
  expect(budget.isOver(1000)).toBe(false);
  expect(budget.isOver(1001)).toBe(true);
  expect(budget.canTake(250)).toBe(true);
  expect(budget.canTake(251)).toBe(false);
});

test('slow readers share what there is, without one of them taking it all', () => {
  const held = Array.from({ length: 40 }, () => 0);
  const budget = new OutboxBudget(marks, () => held.reduce((sum, bytes) => sum + bytes, 0));
  // Nobody takes anything, and each who has not left live mode is given the same.
  for (let sent = 0; sent < 1000; sent += 1) {
    for (const [index, bytes] of held.entries()) if (!budget.isOver(bytes)) held[index] = bytes + 10;
  }
  expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(10);
  expect(held.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(marks.totalBytesMax);
  // A reader that keeps up stays live beside them.
  expect(budget.isOver(0)).toBe(false);
});

test('no page is read while everything is full', () => {
  let used = 10_000;
  const budget = new OutboxBudget(marks, () => used);
  expect(budget.hasRoom()).toBe(false);
  used = 9999;
  expect(budget.hasRoom()).toBe(true);
});
