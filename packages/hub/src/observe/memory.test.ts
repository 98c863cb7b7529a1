import { expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { partOfHeap, watchMemory } from './memory.ts';

const mebibyte = 1024 ** 2;

test('short memory is told once, and once when there is enough again', () => {
  const clock = new ManualClock();
  const told: unknown[] = [];
  const logged: string[] = [];
  let use = 0.5;
  const log = {
    debug() {},
    error() {},
    info: (_fields: object, text: string) => logged.push(text),
    warn: (_fields: object, text: string) => logged.push(text),
  };
  const stop = watchMemory(
    clock,
    log,
    (isShort) => told.push(isShort),
    () => use,
  );
  for (const next of [0.8, 0.81, 0.9, 0.7, 0.65, 0.64, 0.8, 0.81]) {
    use = next;
    clock.advance(100);
  }
  expect(told).toEqual([true, false, true]);
  expect(logged).toHaveLength(3);
  stop();
  expect(clock.timerCount).toBe(0);
});

test.each([
  ['Node 26', 352],
  ['Node 22', 304],
])('memory is short before a heap of 256 MB is full, whose limit %s gives as %i', (_version, limitMiB) => {
  expect(partOfHeap(220 * mebibyte, limitMiB * mebibyte)).toBeGreaterThan(0.8);
  expect(partOfHeap(150 * mebibyte, limitMiB * mebibyte)).toBeLessThan(0.8);
});
