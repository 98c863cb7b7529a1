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
    if (admission.admits('a')) admitted += 1;
    clock.spend(0.5);
  }
  expect(admitted).toBe(200);
  clock.nextTurn();
  expect(admission.admits('a')).toBe(true);
});

test('a fast turn has room for more', () => {
  const clock = busyClock();
  const admission = new Admission(clock);
  let admitted = 0;
  for (let asked = 0; asked < 1000; asked += 1) {
    if (admission.admits('a')) admitted += 1;
    clock.spend(0.1);
  }
  expect(admitted).toBe(300);
});

test('an idle hub admits everyone', () => {
  const clock = busyClock();
  const admission = new Admission(clock);
  for (let asked = 0; asked < 1000; asked += 1) {
    expect(admission.admits('a')).toBe(true);
    clock.spend(1);
    clock.nextTurn();
  }
});

test('when somebody has used up a turn, there are places for others, a few for each and not without end', () => {
  const clock = busyClock();
  const admission = new Admission(clock);
  const admitted = (subscriber: string, asked: number): number => {
    let count = 0;
    for (let time = 0; time < asked; time += 1) {
      if (admission.admits(subscriber)) count += 1;
      clock.spend(0.5);
    }
    return count;
  };
  expect(admitted('flooder', 1000)).toBe(200);
  expect(admitted('newcomer', 10)).toBe(5);
  const crowd = Array.from({ length: 100 }, (_, index) => admitted(`one of many ${index}`, 1));
  expect(crowd.filter((count) => count === 1)).toHaveLength(45);
  clock.nextTurn();
  expect(admitted('flooder', 1000)).toBe(200);
});
