import { expect, test } from 'vitest';
import type { Clock } from '../lib/clock.ts';
import { Admission } from './admission.ts';

/** A clock on which work takes time within one turn. */
function busyClock(): Clock & { spend(ms: number): void; nextTurn(): void } {
  let now = 0;
  let ends: (() => void)[] = [];
  return {
    now: () => now,
    monotonic: () => now,
    after: () => () => {},
    endOfTurn: (callback) => ends.push(callback),
    spend: (ms) => {
      now += ms;
    },
    nextTurn: () => {
      const due = ends;
      ends = [];
      for (const end of due) end();
    },
  };
}

test('new sessions get a part of a turn, and the next turn gives them another', () => {
  const clock = busyClock();
  const admission = new Admission(clock);
  let admitted = 0;
  for (let asked = 0; asked < 1000; asked += 1) {
    if (admission.admits()) admitted += 1;
    clock.spend(0.5);
  }
  expect(admitted).toBe(200);
  clock.nextTurn();
  expect(admission.admits()).toBe(true);
});

test('a fast turn has room for more', () => {
  const clock = busyClock();
  const admission = new Admission(clock);
  let admitted = 0;
  for (let asked = 0; asked < 1000; asked += 1) {
    if (admission.admits()) admitted += 1;
    clock.spend(0.1);
  }
  expect(admitted).toBe(300);
});

test('an idle hub admits everyone', () => {
  const clock = busyClock();
  const admission = new Admission(clock);
  for (let asked = 0; asked < 1000; asked += 1) {
    expect(admission.admits()).toBe(true);
    clock.spend(1);
    clock.nextTurn();
  }
});
