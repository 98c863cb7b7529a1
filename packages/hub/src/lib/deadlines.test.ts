import { expect, test } from 'vitest';
import { Deadlines } from './deadlines.ts';
import { ManualClock } from './manual-clock.test-support.ts';

function make(delayMs: number) {
  const clock = new ManualClock();
  const due: string[] = [];
  const deadlines = new Deadlines<string>(clock, delayMs, (item) => due.push(`${item} at ${clock.monotonic()}`));
  return { clock, due, deadlines };
}

test('each item is due once, its own delay after it was started', () => {
  const { clock, due, deadlines } = make(100);
  deadlines.start('a');
  clock.advance(30);
  deadlines.start('b');
  clock.advance(1000);
  expect(due).toEqual(['a at 100', 'b at 130']);
});

test('starting again postpones, stopping cancels', () => {
  const { clock, due, deadlines } = make(100);
  deadlines.start('a');
  deadlines.start('b');
  deadlines.start('c');
  clock.advance(50);
  deadlines.start('a');
  deadlines.stop('b');
  clock.advance(1000);
  expect(due).toEqual(['c at 100', 'a at 150']);
});

test('one timer serves all items, and none is left without items', () => {
  const { clock, deadlines } = make(100);
  for (const item of ['a', 'b', 'c']) deadlines.start(item);
  expect(clock.timerCount).toBe(1);
  for (const item of ['a', 'b', 'c']) deadlines.stop(item);
  expect(clock.timerCount).toBe(0);
});

test('an item may start itself again when it is due', () => {
  const clock = new ManualClock();
  let count = 0;
  const deadlines: Deadlines<string> = new Deadlines(clock, 10, (item) => {
    count++;
    deadlines.start(item);
  });
  deadlines.start('a');
  clock.advance(55);
  expect(count).toBe(5);
  expect(clock.timerCount).toBe(1);
});
