import { expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { PingSchedule } from './ping-schedule.ts';

function setUp(count: number) {
  const clock = new ManualClock();
  const schedule = new PingSchedule(clock);
  const reminded: number[] = [];
  const readers = Array.from({ length: count }, (_, index) => ({ onPingDue: () => void reminded.push(index) }));
  return { clock, schedule, reminded, readers };
}

test('a reader is reminded once for each time that it asked, with one timer for all', () => {
  const { clock, schedule, reminded, readers } = setUp(3);
  for (const reader of [...readers, ...readers]) schedule.later(reader);
  expect(clock.timerCount).toBe(1);
  clock.advance(250);
  expect(reminded).toEqual([0, 1, 2]);
  clock.advance(1000);
  expect(reminded).toHaveLength(3);
  expect(clock.timerCount).toBe(0);
});

test('thousands of readers have their pings spread over time, in the order in which they asked', () => {
  const { clock, schedule, reminded, readers } = setUp(1200);
  for (const reader of readers) schedule.later(reader);
  const perTick = [];
  for (let before = 0; clock.timerCount > 0; before = reminded.length) {
    clock.advance(250);
    perTick.push(reminded.length - before);
  }
  expect(perTick).toEqual([500, 500, 200]);
  expect(reminded).toEqual(readers.map((_, index) => index));
});

test('a reader that asks again when it is reminded has its turn behind the others, on the same timer', () => {
  const { clock, schedule, reminded, readers } = setUp(501);
  const [first] = readers;
  const again = {
    onPingDue: () => {
      first?.onPingDue();
      if (reminded.length < 3) schedule.later(again);
    },
  };
  for (const reader of [again, ...readers.slice(1)]) schedule.later(reader);
  clock.advance(250);
  expect(clock.timerCount).toBe(1);
  clock.advance(250);
  expect(reminded.slice(-2)).toEqual([500, 0]);
});
