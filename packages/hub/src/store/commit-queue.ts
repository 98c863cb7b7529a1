/**
 * Group commit without timers: what arrives while a batch is being committed is the next batch.
 *
 * - Calls take effect in the order of `push`; one batch is under way at a time.
 * - A call's promise settles only after its batch was answered, which is after COMMIT (I1).
 * - An outcome `storage_failed`, or a `commit` that rejects, fails everything in flight and everything
 *   that follows: after a failed fsync nobody knows what the disk holds, so nothing may be tried again.
 */
import { HubError } from '@parley/protocol';
import type { Outcome } from './outcome.ts';
import { toHubError } from './to-hub-error.ts';

export interface CommitQueueOptions<C> {
  /** One outcome for each call, in order, once the batch is durable. */
  readonly commit: (calls: readonly C[]) => Promise<readonly Outcome[]>;
  readonly onFailed: (error: HubError) => void;
  /** Called when `onCommitted` of every call in a batch was called. Must not throw. */
  readonly onAnswered: () => void;
  /** Calls that wait or are being committed, and about their bytes. Above either, `push` with `shed` is refused. */
  readonly pendingCallsMax: number;
  readonly pendingBytesMax: number;
  readonly batchCallsMax: number;
  readonly batchBytesMax: number;
}

export interface PushOptions {
  /** About how much memory the call holds. */
  readonly bytes: number;
  /** True: refused with `overloaded` when the queue is full. False for calls that are few, and that must not be lost. */
  readonly shed: boolean;
  /** Called with the value before the promise resolves, and before the next call's. Must not throw. */
  readonly onCommitted?: (value: unknown) => void;
}

interface Entry<C> {
  readonly call: C;
  readonly options: PushOptions;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: HubError) => void;
}

export class CommitQueue<C> {
  readonly #options: CommitQueueOptions<C>;
  readonly #waiting: Entry<C>[] = [];
  #pendingCalls = 0;
  #pendingBytes = 0;
  #isRunning = false;
  #failure: HubError | undefined;
  readonly #onIdle: (() => void)[] = [];

  constructor(options: CommitQueueOptions<C>) {
    this.#options = options;
  }

  push(call: C, options: PushOptions): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { pendingCallsMax, pendingBytesMax } = this.#options;
    if (options.shed && (this.#pendingCalls >= pendingCallsMax || this.#pendingBytes + options.bytes > pendingBytesMax)) {
      return Promise.reject(new HubError('overloaded', { retryAfterS: 1 }));
    }
    this.#pendingCalls += 1;
    this.#pendingBytes += options.bytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, options, resolve, reject });
      this.#start();
    });
  }

  /** Resolves when nothing waits and nothing is being committed. */
  idle(): Promise<void> {
    if (this.#pendingCalls === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** The store can't go on: rejects everything in flight and everything that follows. */
  fail(error: HubError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#options.onFailed(error);
    if (!this.#isRunning) this.#settle(this.#waiting.splice(0), []);
  }

  /** A microtask's delay lets the calls of one turn, such as a message to many recipients, share a commit. */
  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && this.#failure === undefined) {
      const batch = this.#takeBatch();
      const outcomes = await this.#options.commit(batch.map((entry) => entry.call)).catch((error: unknown) => {
        this.fail(error instanceof HubError ? error : new HubError('storage_failed', { cause: error }));
        return [];
      });
      const failed = outcomes.find((outcome) => 'refusal' in outcome && outcome.refusal.code === 'storage_failed');
      if (failed !== undefined && 'refusal' in failed) this.fail(toHubError(failed.refusal));
      // Whatever was committed, nothing is acknowledged once the store has failed.
      this.#settle(batch, this.#failure === undefined ? outcomes : []);
    }
    this.#isRunning = false;
    this.#settle(this.#waiting.splice(0), []);
  }

  #takeBatch(): readonly Entry<C>[] {
    let count = 0;
    let bytes = 0;
    for (const entry of this.#waiting) {
      bytes += entry.options.bytes;
      if (count > 0 && (count >= this.#options.batchCallsMax || bytes > this.#options.batchBytesMax)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  /** A call without an outcome failed with the store. */
  #settle(entries: readonly Entry<C>[], outcomes: readonly Outcome[]): void {
    entries.forEach((entry, index) => {
      this.#pendingCalls -= 1;
      this.#pendingBytes -= entry.options.bytes;
      const outcome = outcomes[index];
      if (outcome === undefined) {
        entry.reject(this.#failure ?? new HubError('storage_failed'));
      } else if ('refusal' in outcome) {
        entry.reject(toHubError(outcome.refusal));
      } else {
        entry.options.onCommitted?.(outcome.value);
        entry.resolve(outcome.value);
      }
    });
    this.#options.onAnswered();
    if (this.#pendingCalls === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
