/**
 * The SQLite adapter of the store port, as the main thread sees it. One thread owns the read-write connection
 * and commits batch after batch; another reads, so that catching up never holds up a commit. The event loop
 * never waits for the disk.
 */

import { join } from 'node:path';
import { HubError } from '@parley/protocol';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Store, StoreIntegrity, StoreLimits, StoreOptions } from '../../ports/store.ts';
import { Announcer } from '../announcer.ts';
import { CommitQueue } from '../commit-queue.ts';
import { DamageLog } from '../damage-log.ts';
import { watchFolder } from './folder-watch.ts';
import { IntegrityCheck } from './integrity-check.ts';
import { lockFolder } from './lock.ts';
import { createStore, type WaitingCall } from './store.ts';
import type { Committed, DatabaseSetup } from './thread/calls.ts';
import { Checkpoints } from './thread/checkpoints.ts';
import { packCall } from './thread/pack.ts';
import { Thread } from './thread/thread.ts';

export interface SqliteOptions {
  /** The folder of `parley.db` and `parley.lock`, made if it is missing; `:memory:` keeps everything in memory, for tests. */
  readonly dataFolder: string;
  /** The database grows no larger, and appends are refused with `storage_full`; `undefined`, the default, leaves it to the disk. */
  readonly databaseBytesMax?: number | undefined;
  /** Writes that wait or are being committed; those that clients cause are refused with `overloaded` above it. Their bytes alone count by default. */
  readonly pendingWritesMax?: number | undefined;
  /** About how much memory those writes may hold. 64 MB by default. */
  readonly pendingBytesMax?: number | undefined;
  /** For the watch over the folder and the pauses of the check. The system's clock by default. */
  readonly clock?: Clock | undefined;
  /** The check of the whole file, which begins with the store, has ended. */
  readonly onChecked?: ((integrity: StoreIntegrity, problem: string | undefined) => void) | undefined;
}

/**
 * Opens the store in its folder, which it locks until `close` or the end of the process.
 * Rejects with `StoreStartError`, one sentence for the operator.
 */
export async function openSqliteStore(options: StoreOptions & SqliteOptions): Promise<Store> {
  const { dataFolder, databaseBytesMax, clock = systemClock } = options;
  const isMemory = dataFolder === ':memory:';
  const file = isMemory ? dataFolder : join(dataFolder, 'parley.db');
  const setup: DatabaseSetup = { file, readonly: false, databaseBytesMax, limits: limitsOf(options) };
  const unlock = isMemory ? () => {} : lockFolder(dataFolder);
  let queue: CommitQueue<WaitingCall> | undefined;
  const onDeath = (error: HubError): void => queue?.fail(error);
  const writer = new Thread('parley-store-writer', onDeath);
  const reader = isMemory ? writer : new Thread('parley-store-reader', onDeath);
  const stopThreads = async (): Promise<void> => {
    await Promise.all([reader.stop(), writer.stop()]);
    unlock();
  };
  try {
    await writer.ask({ kind: 'open', setup });
    if (reader !== writer) await reader.ask({ kind: 'open', setup: { ...setup, readonly: true } });
  } catch (error) {
    await stopThreads();
    throw error;
  }
  const announcer = new Announcer(options.onAppended);
  const damage = new DamageLog(options);
  const opened = createQueue({ writer, announcer, damage, checkpoints: new Checkpoints(reader, writer) }, options);
  queue = opened;
  const check = new IntegrityCheck({ setup, clock, damage, onChecked: options.onChecked });
  if (isMemory) return createStore({ queue, reader, writer, announcer, damage, check, stop: stopThreads });

  check.start();
  const onLost = (message: string): void => opened.fail(new HubError('storage_failed', { cause: new Error(message) }));
  const stopWatch = watchFolder({ folder: dataFolder, clock, onLost });
  const stop = async (): Promise<void> => {
    stopWatch();
    await stopThreads();
  };
  return createStore({ queue, reader, writer, announcer, damage, check, stop });
}

/** Without what can't cross threads. */
function limitsOf({
  queueMessagesMax,
  queueOverflow,
  senderQueueMessagesMax,
  roomsPerUserMax,
  devicesPerUserMax,
}: StoreLimits): StoreLimits {
  return { queueMessagesMax, queueOverflow, senderQueueMessagesMax, roomsPerUserMax, devicesPerUserMax };
}

interface QueueParts {
  readonly writer: Thread;
  readonly announcer: Announcer;
  readonly damage: DamageLog;
  readonly checkpoints: Checkpoints;
}

function createQueue(
  { writer, announcer, damage: damageLog, checkpoints }: QueueParts,
  options: StoreOptions & SqliteOptions,
): CommitQueue<WaitingCall> {
  return new CommitQueue<WaitingCall>({
    commit: async (calls) => {
      const { outcomes, uncopiedPages, damage } = (await writer.ask({
        kind: 'commit',
        calls: calls.map((call) => packCall(typeof call === 'function' ? call() : call)),
      })) as Committed;
      checkpoints.onCommit(uncopiedPages);
      if (damage !== undefined) damageLog.addPart(damage);
      return outcomes;
    },
    onFailed: options.onFailed,
    onAnswered: () => announcer.flush(),
    pendingCallsMax: options.pendingWritesMax ?? Number.POSITIVE_INFINITY,
    pendingBytesMax: options.pendingBytesMax ?? 64 * 1024 * 1024,
    // A slow disk takes its time for each commit, so what waits has to fit into few of them; but an answer as long as this one
    // takes the event loop ten milliseconds.
    batchCallsMax: 4_000,
    batchBytesMax: 8 * 1024 * 1024,
  });
}
