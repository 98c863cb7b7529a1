import { HubError } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import type { CursorAdvance, DeliveryReceipt } from '../ports/store.ts';
import { CursorWriter } from './cursor-writer.ts';

const ann = { userId: 'ann', deviceId: '' };
const receipt: DeliveryReceipt = { messageId: 7, seq: 3, senderId: 'bob', recipientId: 'ann', deliveredAtMs: 5 };

/** A store that answers when it is told to. */
function setUp() {
  const clock = new ManualClock();
  const batches: (readonly CursorAdvance[])[] = [];
  const answers: PromiseWithResolvers<readonly DeliveryReceipt[]>[] = [];
  const told: DeliveryReceipt[] = [];
  const writer = new CursorWriter({
    store: {
      advance(advances) {
        batches.push(advances);
        const answer = Promise.withResolvers<readonly DeliveryReceipt[]>();
        answers.push(answer);
        return answer.promise;
      },
    },
    clock,
    onReceipts: (receipts) => told.push(...receipts),
  });
  const advance = (stream: string, seq: number): void => writer.advance({ ...ann, stream, seq });
  const endTurn = async (): Promise<void> => {
    clock.endTurn();
    await settled();
  };
  return { clock, batches, answers, told, writer, advance, endTurn, pending: () => [...writer.unwritten(ann)].map(({ seq }) => seq) };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const seqs = (batch: readonly CursorAdvance[] | undefined): number[] | undefined => batch?.map(({ seq }) => seq);

test('the acknowledgements of one turn are one batch, with the highest position of each cursor', async () => {
  const { advance, batches, endTurn } = setUp();
  advance('user:ann', 4);
  advance('room:lobby', 9);
  advance('user:ann', 6);
  advance('user:ann', 5);
  await endTurn();
  expect(batches).toEqual([
    [
      { ...ann, stream: 'user:ann', seq: 6 },
      { ...ann, stream: 'room:lobby', seq: 9 },
    ],
  ]);
});

test('what is acknowledged while a batch is written is the next batch', async () => {
  const { advance, batches, answers, endTurn, told, clock } = setUp();
  advance('user:ann', 1);
  await endTurn();
  advance('user:ann', 2);
  advance('user:ann', 3);
  await endTurn();
  expect(batches.map(seqs)).toEqual([[1]]);
  answers[0]?.resolve([receipt]);
  await settled();
  expect(told).toEqual([receipt]);
  clock.advance(50);
  await settled();
  expect(batches.map(seqs)).toEqual([[1], [3]]);
});

test('acknowledgements that keep coming are written together every 50 ms, and after a pause at once', async () => {
  const { advance, batches, answers, endTurn, clock } = setUp();
  const acknowledge = async (seq: number): Promise<void> => {
    advance('user:ann', seq);
    await endTurn();
    answers.at(-1)?.resolve([]);
    await settled();
  };
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settled();
  };
  await acknowledge(1);
  for (const seq of [2, 3, 4, 5]) {
    await pass(10);
    await acknowledge(seq);
  }
  expect(batches.map(seqs)).toEqual([[1]]);
  await pass(10);
  expect(batches.map(seqs)).toEqual([[1], [5]]);
  answers[1]?.resolve([]);
  await pass(60);
  await acknowledge(6);
  expect(batches.map(seqs)).toEqual([[1], [5], [6]]);
});

test('what a reader that closes has acknowledged is written without a pause', async () => {
  const { advance, batches, answers, endTurn, pending } = setUp();
  advance('user:ann', 1);
  await endTurn();
  answers[0]?.resolve([]);
  await settled();
  advance('user:ann', 2);
  await endTurn();
  expect(batches.map(seqs)).toEqual([[1]]);
  expect(pending()).toEqual([2]);
  await endTurn();
  expect(batches.map(seqs)).toEqual([[1], [2]]);
  advance('user:ann', 3);
  expect(pending()).toEqual([2, 3]);
  answers[1]?.resolve([]);
  await settled();
  await endTurn();
  expect(batches.map(seqs)).toEqual([[1], [2], [3]]);
});

test('a batch that the store refuses is tried again a second later, together with what came since', async () => {
  const { advance, batches, answers, endTurn, clock } = setUp();
  advance('user:ann', 1);
  advance('room:lobby', 8);
  await endTurn();
  answers[0]?.reject(new HubError('storage_full'));
  await settled();
  advance('user:ann', 2);
  clock.advance(999);
  await endTurn();
  expect(batches).toHaveLength(1);
  clock.advance(1);
  await endTurn();
  await endTurn();
  expect(seqs(batches[1])?.toSorted()).toEqual([2, 8]);
});

describe('what is acknowledged and not on disk yet', () => {
  test('is pending while it waits, while it is written, and after a refusal', async () => {
    const { advance, answers, endTurn, pending, clock } = setUp();
    advance('user:ann', 1);
    expect(pending()).toEqual([1]);
    await endTurn();
    expect(pending()).toEqual([1]);
    answers[0]?.reject(new HubError('overloaded'));
    await settled();
    expect(pending()).toEqual([1]);
    clock.advance(1000);
    await endTurn();
    await endTurn();
    expect(pending()).toEqual([1]);
    answers[1]?.resolve([]);
    await settled();
    expect(pending()).toEqual([]);
  });

  test('is told of each reader by itself', async () => {
    const { advance, writer } = setUp();
    advance('user:ann', 1);
    expect([...writer.unwritten({ userId: 'ann', deviceId: 'phone' })]).toEqual([]);
  });
});

describe('flush', () => {
  test('resolves when everything handed in has been written', async () => {
    const { advance, answers, endTurn, writer } = setUp();
    advance('user:ann', 1);
    await endTurn();
    advance('user:ann', 2);
    let isFlushed = false;
    const flushed = writer.flush().then(() => {
      isFlushed = true;
    });
    answers[0]?.resolve([]);
    await endTurn();
    expect(isFlushed).toBe(false);
    answers[1]?.resolve([]);
    await flushed;
  });
});
