/**
 * Commits one batch of writes in one transaction, on the thread that owns the connection.
 *
 * - A refusal fails its own call only.
 * - No space, or another program that holds the file: nothing of the batch was stored, and the store goes on. Without space
 *   readers are still opened, without the mark that they are open.
 * - A call that hits a fault of our own, such as a broken constraint, or a damaged page of the file: the batch is rolled back and
 *   repeated without it, so that the call fails alone, with `internal_error` or `storage_damaged`. Of several acknowledgements in
 *   one call those that meet no damage are stored.
 * - Anything else: it is not known what the disk holds. The writer is broken, and stores nothing any more.
 */
import type { ErrorCode } from '@parley/protocol';
import type { Database } from 'better-sqlite3';
import type { ReaderId, StoreLimits } from '../../../ports/store.ts';
import { describe, type Outcome, type Refusal, Refused, toRefusal } from '../../outcome.ts';
import { invoke, type WriteCall, type Writes } from '../thread/calls.ts';
import { createAccess } from './access.ts';
import { createAppend } from './append.ts';
import { Counters } from './counters.ts';
import { createExpire } from './expire.ts';
import { FirstMembers } from './first-members.ts';
import { OpenReaders } from './open-readers.ts';
import { createPeekReader, createReaders } from './readers.ts';
import { isOutOfSpace, refusalFor } from './refusal.ts';
import { createRoomWrites } from './rooms.ts';
import { createSaveStates } from './states.ts';
import { StreamStates } from './stream-states.ts';
import type { WriteContext } from './write-context.ts';

interface FailedBatch {
  readonly calls: readonly WriteCall[];
  /** The call that failed; the number of calls if it was the end of the batch. */
  readonly failedAt: number;
  readonly failedBefore: number;
}

const failedCallsMax = 8;
const failsAlone: ReadonlySet<ErrorCode> = new Set(['internal_error', 'storage_damaged']);

export class BatchWriter {
  readonly #context: WriteContext;
  readonly #writes: Writes;
  readonly #peekReader;
  readonly #begin;
  readonly #commit;
  readonly #logState;
  #broken: Refusal | undefined;
  #damage: string | undefined;

  constructor(db: Database, limits: StoreLimits) {
    this.#context = {
      db,
      streams: new StreamStates(db),
      counters: new Counters(db),
      access: createAccess(db),
      firstMembers: new FirstMembers(db),
      opened: new OpenReaders(),
      limits,
    };
    this.#writes = createWrites(this.#context);
    this.#peekReader = createPeekReader(this.#context);
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    // Copies nothing.
    this.#logState = db.prepare<[], { log: number; checkpointed: number }>('PRAGMA wal_checkpoint(NOOP)');
  }

  /** The damage that writes have met since the last call. */
  takeDamage(): string | undefined {
    const damage = this.#damage;
    this.#damage = undefined;
    return damage;
  }

  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** Pages of the log that no checkpoint has copied; 0 without a log. */
  get uncopiedPages(): number {
    const state = this.isBroken ? undefined : this.#logState.get();
    return state === undefined ? 0 : state.log - state.checkpointed;
  }

  /** One outcome for each call, in order; those with a value are durable. Never throws. */
  commit(calls: readonly WriteCall[]): readonly Outcome[] {
    return this.#commitBatch(calls, 0);
  }

  /** `failedBefore` calls were taken out of the batch already. */
  #commitBatch(calls: readonly WriteCall[], failedBefore: number): readonly Outcome[] {
    const broken = this.#broken;
    if (broken !== undefined) return calls.map(() => ({ refusal: broken }));
    const outcomes: Outcome[] = [];
    try {
      this.#begin.run();
      for (const call of calls) outcomes.push(this.#run(call));
      this.#context.streams.flush();
      this.#context.counters.flush();
      this.#context.firstMembers.forget();
      this.#commit.run();
      return outcomes;
    } catch (error) {
      return this.#onFailure(error, { calls, failedAt: outcomes.length, failedBefore });
    }
  }

  #run(call: WriteCall): Outcome {
    try {
      return { value: invoke(this.#writes, call) };
    } catch (error) {
      if (error instanceof Refused) return { refusal: toRefusal(error) };
      throw error;
    }
  }

  #onFailure(error: unknown, batch: FailedBatch): readonly Outcome[] {
    const { calls } = batch;
    const refusal = refusalFor(error, () => isOutOfSpace(this.#context.db));
    if (refusal.code === 'storage_failed') this.#broken = refusal;
    if (refusal.code === 'storage_damaged') this.#damage = refusal.cause;
    this.#rollback();
    if (refusal.code === 'storage_full') return calls.map((call) => this.#withoutSpace(call, refusal));
    if (failsAlone.has(refusal.code)) return this.#commitWithout(batch, refusal);
    return calls.map(() => ({ refusal: this.#broken ?? refusal }));
  }

  /** Repeats a batch without the call that failed; one by one if many fail, since each costs another round. */
  #commitWithout({ calls, failedAt, failedBefore }: FailedBatch, refusal: Refusal): readonly Outcome[] {
    const failed = calls[failedAt];
    if (calls.length > 1 && (failed === undefined || failedBefore >= failedCallsMax)) return calls.flatMap((call) => this.commit([call]));
    const others = calls.length > 1 ? this.#commitBatch(calls.toSpliced(failedAt, 1), failedBefore + 1) : [];
    const part = refusal.code === 'storage_damaged' && failed !== undefined ? this.#partOf(failed) : undefined;
    return others.toSpliced(failedAt, 0, part ?? { refusal });
  }

  /** Acknowledgements are independent of one another, and their call is repeated for ever if it is refused. Undefined for all other calls. */
  #partOf({ method, args: [advances, nowMs] }: WriteCall): Outcome | undefined {
    if (method !== 'advance' || !Array.isArray(advances)) return undefined;
    if (advances.length < 2) return { value: [] };
    const outcomes = advances.flatMap((advance) => this.commit([{ method, args: [[advance], nowMs] }]));
    return { value: outcomes.flatMap((outcome) => ('value' in outcome ? outcome.value : [])) };
  }

  /** Whoever registers is let in and gets what waits, since that needs no write. */
  #withoutSpace(call: WriteCall, refusal: Refusal): Outcome {
    const reader = call.method === 'openReader' ? call.args[0] : undefined;
    if (!isReaderId(reader)) return { refusal };
    try {
      return { value: this.#peekReader(reader) };
    } catch {
      return { refusal };
    }
  }

  /** SQLite rolls back by itself after some errors, so there may be nothing left to roll back. */
  #rollback(): void {
    const { db, streams, counters, firstMembers } = this.#context;
    streams.forget();
    counters.forget();
    firstMembers.forget();
    try {
      if (db.inTransaction) db.exec('ROLLBACK');
    } catch (error) {
      this.#broken ??= { code: 'storage_failed', cause: describe(error) };
    }
  }
}

function isReaderId(value: unknown): value is ReaderId {
  return typeof value === 'object' && value !== null && 'userId' in value && 'deviceId' in value;
}

function createWrites(context: WriteContext): Writes {
  return {
    append: createAppend(context),
    ...createReaders(context),
    ...createRoomWrites(context),
    ...createExpire(context),
    saveStates: createSaveStates(context),
  };
}
