import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { SocketPipes } from './socket-pipes.ts';

/** A socket whose peer takes what `isReading` lets it. */
class FakeSocket extends Duplex {
  readonly taken: string[] = [];
  #isReading: boolean;
  #resume = (): void => {};

  constructor(isReading: boolean) {
    super({ highWaterMark: 64 });
    this.#isReading = isReading;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.taken.push(String(chunk));
    this.#resume = done;
    if (this.#isReading) done();
  }

  readOn(): void {
    this.#isReading = true;
    this.#resume();
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function join(a: FakeSocket, b: FakeSocket): ManualClock {
  const clock = new ManualClock();
  new SocketPipes(clock, 5000).join(a, Buffer.from('head of a'), b, Buffer.alloc(0));
  return clock;
}

test('what was read already comes first, and each hears the other', async () => {
  const [a, b] = [new FakeSocket(true), new FakeSocket(true)];
  join(a, b);
  a.push('from a');
  b.push('from b');
  await turn();
  expect(b.taken).toEqual(['head of a', 'from a']);
  expect(a.taken).toEqual(['from b']);
});

test('nothing more is read from one than the other takes', async () => {
  const [a, b] = [new FakeSocket(true), new FakeSocket(false)];
  join(a, b);
  for (let count = 0; count < 100; count += 1) a.push('x'.repeat(10));
  await turn();
  expect(b.writableLength).toBeLessThan(150);
  expect(a.isPaused()).toBe(true);
});

test('the other one gets the last bytes', async () => {
  const [a, b] = [new FakeSocket(true), new FakeSocket(false)];
  join(a, b);
  a.push('last words');
  a.push(null);
  await turn();
  a.destroy();
  await turn();
  expect(b.destroyed).toBe(false);
  b.readOn();
  await expect.poll(() => b.destroyed).toBe(true);
  expect(b.taken).toEqual(['head of a', 'last words']);
});

test('a peer that takes nothing is cut', async () => {
  const [a, b] = [new FakeSocket(true), new FakeSocket(false)];
  const clock = join(a, b);
  a.push(null);
  await turn();
  a.destroy();
  await turn();
  clock.advance(4999);
  expect(b.destroyed).toBe(false);
  clock.advance(1);
  expect(b.destroyed).toBe(true);
});

test('a socket that breaks takes the other one with it', async () => {
  const [a, b] = [new FakeSocket(true), new FakeSocket(false)];
  join(a, b);
  a.destroy(new Error('broken'));
  await turn();
  expect(b.destroyed).toBe(true);
});
