import { expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { PageGate } from './page-gate.ts';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Readers that ask for a page each, and the pages that are being read. */
function crowd(gate: PageGate, count: number) {
  const started: number[] = [];
  const finish: (() => void)[] = [];
  for (let reader = 0; reader < count; reader += 1) {
    gate.enter(() => {
      started.push(reader);
      return new Promise<void>((resolve) => finish.push(resolve));
    });
  }
  return { started, finish };
}

test('thousands that come at once get their turns in order, a bounded number at a time', async () => {
  const gate = new PageGate(() => true, new ManualClock());
  const { started, finish } = crowd(gate, 1000);
  expect(started).toHaveLength(32);
  let mostAtOnce = 0;
  for (let done = 0; done < 1000; done += 1) {
    mostAtOnce = Math.max(mostAtOnce, started.length - done);
    finish[done]?.();
    await settled();
  }
  expect(started).toEqual(Array.from({ length: 1000 }, (_, reader) => reader));
  expect(mostAtOnce).toBe(32);
});

test('without room nothing is read, and reading begins by itself when there is room again', async () => {
  const clock = new ManualClock();
  let hasRoom = false;
  const { started } = crowd(new PageGate(() => hasRoom, clock), 3);
  clock.advance(1000);
  expect(started).toEqual([]);
  hasRoom = true;
  clock.advance(1000);
  await settled();
  expect(started).toEqual([0, 1, 2]);
});
