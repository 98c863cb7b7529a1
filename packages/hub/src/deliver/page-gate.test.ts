import { expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { PageGate, type PageReader } from './page-gate.ts';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Readers that ask for a page each, and the pages that are being read. */
class Crowd {
  readonly clock = new ManualClock();
  readonly gate = new PageGate(this.clock);
  readonly started: number[] = [];
  readonly finish: (() => void)[] = [];
  readonly readers: readonly PageReader[];

  constructor(count: number, mayRead: (reader: number) => boolean = () => true) {
    this.readers = Array.from({ length: count }, (_, reader) => ({
      pageBytes: () => (mayRead(reader) ? 1000 : 0),
      readPage: () => {
        this.started.push(reader);
        return new Promise<void>((resolve) => this.finish.push(resolve));
      },
    }));
    for (const reader of this.readers) this.gate.enter(reader);
  }
}

const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);

test('thousands that come at once get their turns in order, a bounded number at a time', async () => {
  const { started, finish } = new Crowd(1000);
  expect(started).toHaveLength(32);
  let mostAtOnce = 0;
  for (let done = 0; done < 1000; done += 1) {
    mostAtOnce = Math.max(mostAtOnce, started.length - done);
    finish[done]?.();
    await settled();
  }
  expect(started).toEqual(numbers(1000));
  expect(mostAtOnce).toBe(32);
});

test('readers whose outboxes are full keep nobody from reading, and go on by themselves when they can', () => {
  let isFull = true;
  const crowd = new Crowd(120, (reader) => reader >= 100 || !isFull);
  expect(crowd.started).toEqual(numbers(20, 100));
  crowd.clock.advance(1000);
  expect(crowd.started).toHaveLength(20);
  isFull = false;
  crowd.clock.advance(50);
  expect(crowd.started.slice(20)).toEqual(numbers(12));
});

test('one whose outbox is full when its turn comes lets the next one read at once', async () => {
  const { started, finish } = new Crowd(34, (reader) => reader !== 32);
  finish[0]?.();
  await settled();
  expect(started.slice(32)).toEqual([33]);
});

test('one that was blocked has its turn before those who came later', async () => {
  let isFull = true;
  const { clock, started, finish } = new Crowd(40, (reader) => reader > 0 || !isFull);
  expect(started).toEqual(numbers(32, 1));
  isFull = false;
  clock.advance(50);
  finish[0]?.();
  await settled();
  expect(started.at(-1)).toBe(0);
});

test('a reader that leaves is not read for, whether it waits for its turn or for room', async () => {
  const { gate, clock, readers, started, finish } = new Crowd(40, (reader) => reader > 0);
  for (const reader of readers.slice(0, 1)) gate.leave(reader);
  for (const reader of readers.slice(34)) gate.leave(reader);
  for (const done of finish.splice(0)) done();
  await settled();
  expect(started).toEqual(numbers(33, 1));
  expect(clock.timerCount).toBe(1);
  clock.advance(50);
  expect(clock.timerCount).toBe(0);
});

test('a page that is being read for a reader that has left still counts until the store has answered', async () => {
  const { gate, readers, started, finish } = new Crowd(33);
  for (const reader of readers.slice(0, 1)) gate.leave(reader);
  expect(started).toHaveLength(32);
  finish[0]?.();
  await settled();
  expect(started).toHaveLength(33);
});

test('who asks twice is read for once', () => {
  const { gate, readers, started, clock } = new Crowd(2, (reader) => reader > 0);
  for (const reader of readers) gate.enter(reader);
  clock.advance(50);
  expect(clock.timerCount).toBe(1);
  expect(started).toEqual([1, 1]);
});
