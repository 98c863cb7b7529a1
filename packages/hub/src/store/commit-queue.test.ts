import { HubError } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import { CommitQueue, type CommitQueueOptions } from './commit-queue.ts';
import type { Outcome } from './outcome.ts';

const stored = { bytes: 10, shed: true };

/** A queue whose commits end when the test says so. */
function setUp(options: Partial<CommitQueueOptions<string>> = {}) {
  const batches: {
    readonly calls: readonly string[];
    readonly end: (outcomes?: readonly Outcome[]) => void;
    readonly die: (error: unknown) => void;
  }[] = [];
  const failures: HubError[] = [];
  const queue = new CommitQueue<string>({
    commit: (calls) =>
      new Promise((resolve, reject) => {
        batches.push({ calls, die: reject, end: (outcomes) => resolve(outcomes ?? calls.map((call) => ({ value: `${call}!` }))) });
      }),
    onFailed: (error) => failures.push(error),
    onAnswered: () => {},
    pendingCallsMax: 100,
    pendingBytesMax: 10_000,
    batchCallsMax: 10,
    batchBytesMax: 1_000,
    ...options,
  });
  return { queue, batches, failures };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'stored',
    (error: unknown) => (error instanceof HubError ? error.code : error),
  );

describe('group commit', () => {
  test('calls of one turn share a commit, and those that come meanwhile share the next', async () => {
    const { queue, batches } = setUp();
    const results = Promise.all(['a', 'b'].map((call) => queue.push(call, stored)));
    await turn();
    const later = Promise.all(['c', 'd', 'e'].map((call) => queue.push(call, stored)));
    await turn();
    expect(batches.map(({ calls }) => calls)).toEqual([['a', 'b']]);
    batches[0]?.end();
    expect(await results).toEqual(['a!', 'b!']);
    expect(batches.map(({ calls }) => calls)).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e'],
    ]);
    batches[1]?.end();
    expect(await later).toEqual(['c!', 'd!', 'e!']);
  });

  test('a batch is bounded in calls and in bytes, but takes at least one call', async () => {
    const { queue, batches } = setUp({ batchCallsMax: 3 });
    const sizes = [10, 10, 10, 10, 980, 20, 5_000, 10];
    const all = Promise.all(sizes.map((bytes, index) => queue.push(String(index), { bytes, shed: false })));
    for (let index = 0; index < 5; index += 1) {
      await turn();
      batches[index]?.end();
    }
    await all;
    expect(batches.map(({ calls }) => calls.join(''))).toEqual(['012', '34', '5', '6', '7']);
  });

  test('a refusal fails its own call only', async () => {
    const { queue, batches } = setUp();
    const codes = Promise.all(['a', 'b', 'c'].map((call) => codeOf(queue.push(call, stored))));
    await turn();
    batches[0]?.end([{ value: 1 }, { refusal: { code: 'queue_full' } }, { value: 3 }]);
    expect(await codes).toEqual(['stored', 'queue_full', 'stored']);
  });

  test('onCommitted is called in order, each right before its promise resolves, and not for refusals', async () => {
    const { queue, batches } = setUp();
    const events: unknown[] = [];
    const calls = ['a', 'b', 'c'].map((call) => codeOf(queue.push(call, { ...stored, onCommitted: (value) => events.push(value) })));
    await turn();
    batches[0]?.end([{ value: 1 }, { refusal: { code: 'queue_full' } }, { value: 3 }]);
    await Promise.all(calls);
    expect(events).toEqual([1, 3]);
  });
});

describe('a full queue', () => {
  test('refuses what may be shed, with the time to wait, and takes the rest', async () => {
    const { queue, batches } = setUp({ pendingCallsMax: 2 });
    const accepted = [queue.push('a', stored), queue.push('b', stored)];
    await expect(queue.push('c', stored)).rejects.toMatchObject({ code: 'overloaded', retryAfterS: 1 });
    accepted.push(queue.push('d', { bytes: 10, shed: false }));
    for (const index of [0, 1]) {
      await turn();
      batches[index]?.end();
    }
    await Promise.all(accepted);
    const later = codeOf(queue.push('e', stored));
    await turn();
    batches[2]?.end();
    expect(await later).toBe('stored');
  });

  test('is full in bytes too', async () => {
    const { queue } = setUp({ pendingBytesMax: 100 });
    void queue.push('a', { bytes: 60, shed: true });
    expect(await codeOf(queue.push('b', { bytes: 60, shed: true }))).toBe('overloaded');
  });
});

describe('a store that fails', () => {
  test.for([
    [
      'answers storage_failed',
      (end: (outcomes: readonly Outcome[]) => void) => end([{ refusal: { code: 'storage_failed', cause: 'fsync' } }]),
    ],
    ['dies', (_: unknown, die: (error: unknown) => void) => die(new Error('gone'))],
  ] as const)('fails everything in flight and later, once, when it %s', async ([, fail]) => {
    const { queue, batches, failures } = setUp({ batchCallsMax: 1 });
    const codes = ['a', 'b', 'c'].map((call) => codeOf(queue.push(call, stored)));
    await turn();
    const [first] = batches;
    if (first !== undefined) fail(first.end, first.die);
    expect(await Promise.all(codes)).toEqual(['storage_failed', 'storage_failed', 'storage_failed']);
    expect(await codeOf(queue.push('d', stored))).toBe('storage_failed');
    expect(failures.map(({ code }) => code)).toEqual(['storage_failed']);
    expect(batches).toHaveLength(1);
    await queue.idle();
  });

  test('storage_full is not a failure: the next batch is tried', async () => {
    const { queue, batches, failures } = setUp();
    const first = codeOf(queue.push('a', stored));
    await turn();
    batches[0]?.end([{ refusal: { code: 'storage_full' } }]);
    expect(await first).toBe('storage_full');
    const second = codeOf(queue.push('b', stored));
    await turn();
    batches[1]?.end();
    expect(await second).toBe('stored');
    expect(failures).toEqual([]);
  });

  test('what was committed but not answered when the failure came to light is not acknowledged', async () => {
    const { queue, batches, failures } = setUp();
    const code = codeOf(queue.push('a', stored));
    await turn();
    queue.fail(new HubError('storage_failed'));
    queue.fail(new HubError('storage_failed'));
    batches[0]?.end();
    expect(await code).toBe('storage_failed');
    expect(failures).toHaveLength(1);
  });
});
