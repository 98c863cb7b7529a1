import { expect, test } from 'vitest';
import type { Clock } from '../lib/clock.ts';
import { type Flushable, Flusher } from './flusher.ts';

/** A clock that stands still but for the work that is said to have been done. */
function workClock() {
  let now = 0;
  let turn: (() => void)[] = [];
  const clock: Clock = { now: () => now, monotonic: () => now, after: () => () => {}, endOfTurn: (callback) => turn.push(callback) };
  return {
    clock,
    work: (ms: number) => {
      now += ms;
    },
    endTurn: () => {
      const callbacks = turn;
      turn = [];
      for (const callback of callbacks) callback();
      return callbacks.length;
    },
  };
}

test('writing to a very large room lets other work in between, in the order in which the sessions were marked', () => {
  const { clock, work, endTurn } = workClock();
  const flusher = new Flusher(clock);
  const flushed: number[] = [];
  for (let index = 0; index < 1000; index += 1) {
    flusher.mark({
      flush: () => {
        flushed.push(index);
        work(0.05);
      },
    });
  }
  const perTurn: number[] = [];
  for (let before = 0; endTurn() > 0; before = flushed.length) perTurn.push(flushed.length - before);
  expect(Math.max(...perTurn) * 0.05).toBeLessThan(5);
  expect(flushed).toEqual(Array.from({ length: 1000 }, (_, index) => index));
});

test('what is marked while a large flush is under way is flushed once, after it', () => {
  const { clock, work, endTurn } = workClock();
  const flusher = new Flusher(clock);
  const flushed: string[] = [];
  const item = (name: string, more?: Flushable): Flushable => ({
    flush: () => {
      flushed.push(name);
      work(1);
      if (more !== undefined) flusher.mark(more);
    },
  });
  flusher.mark(item('first', item('later')));
  for (let index = 0; index < 40; index += 1) flusher.mark(item('crowd'));
  while (endTurn() > 0);
  expect(flushed.filter((name) => name === 'later')).toHaveLength(1);
  expect(flushed.at(-1)).toBe('later');
  expect(flushed).toHaveLength(42);
});
