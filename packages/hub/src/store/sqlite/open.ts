/**
 * The SQLite adapter of the store port, as the main thread sees it. One thread owns the read-write connection
 * and commits batch after batch; another reads, so that catching up never holds up a commit. The event loop
 * never waits for the disk.
 */

import { join } from 'node:path';
import { HubError } from '@parley/protocol';
import {
  type Appended,
  type AppendRequest,
  type InOrder,
  inboxOf,
  type Store,
  type StoredMessage,
  type StoreLimits,
  type StoreOptions,
  timelineOf,
} from '../../ports/store.ts';
import { Announcer } from '../announcer.ts';
import { CommitQueue } from '../commit-queue.ts';
import { lockFolder } from './lock.ts';
import type { Committed, DatabaseSetup, Reads, WriteCall, Writes } from './thread/calls.ts';
import { Checkpoints } from './thread/checkpoints.ts';
import { packCall, unpackMessages } from './thread/pack.ts';
import { Thread } from './thread/thread.ts';

export interface SqliteOptions {
  /** The folder of `parley.db` and `parley.lock`, made if it is missing; `:memory:` keeps everything in memory, for tests. */
  readonly dataFolder: string;
  /** The database grows no larger, and appends are refused with `storage_full`; `undefined`, the default, leaves it to the disk. */
  readonly databaseBytesMax?: number | undefined;
  /** Writes that wait or are being committed; appends above it are refused with `overloaded`. 50,000 by default, as in the options table. */
  readonly pendingWritesMax?: number | undefined;
  /** About how much memory those writes may hold. 64 MB by default. */
  readonly pendingBytesMax?: number | undefined;
}

/** What a call holds beside its content, in about bytes. */
const callBytes = 300;

/**
 * Opens the store in its folder, which it locks until `close` or the end of the process.
 * Rejects with `StoreStartError`, one sentence for the operator.
 */
export async function openSqliteStore(options: StoreOptions & SqliteOptions): Promise<Store> {
  const { dataFolder, databaseBytesMax, queueMessagesMax, queueOverflow, roomsPerUserMax } = options;
  const limits: StoreLimits = { queueMessagesMax, queueOverflow, roomsPerUserMax };
  const isMemory = dataFolder === ':memory:';
  const file = isMemory ? dataFolder : join(dataFolder, 'parley.db');
  const setup: DatabaseSetup = { file, readonly: false, databaseBytesMax, limits };
  const unlock = isMemory ? () => {} : lockFolder(dataFolder);
  let queue: CommitQueue<WriteCall> | undefined;
  const onDeath = (error: HubError): void => queue?.fail(error);
  const writer = new Thread('parley-store-writer', onDeath);
  const reader = isMemory ? writer : new Thread('parley-store-reader', onDeath);
  const stop = async (): Promise<void> => {
    await Promise.all([reader.stop(), writer.stop()]);
    unlock();
  };
  try {
    await writer.ask({ kind: 'open', setup });
    if (reader !== writer) await reader.ask({ kind: 'open', setup: { ...setup, readonly: true } });
  } catch (error) {
    await stop();
    throw error;
  }
  const announcer = new Announcer(options.onAppended);
  queue = createQueue({ writer, announcer, checkpoints: new Checkpoints(reader, writer) }, options);
  return createStore({ queue, reader, writer, stop, announcer });
}

interface QueueParts {
  readonly writer: Thread;
  readonly announcer: Announcer;
  readonly checkpoints: Checkpoints;
}

function createQueue({ writer, announcer, checkpoints }: QueueParts, options: StoreOptions & SqliteOptions): CommitQueue<WriteCall> {
  return new CommitQueue<WriteCall>({
    commit: async (calls) => {
      const { outcomes, uncopiedPages } = (await writer.ask({ kind: 'commit', calls: calls.map(packCall) })) as Committed;
      checkpoints.onCommit(uncopiedPages);
      return outcomes;
    },
    onFailed: options.onFailed,
    onAnswered: () => announcer.flush(),
    pendingCallsMax: options.pendingWritesMax ?? 50_000,
    pendingBytesMax: options.pendingBytesMax ?? 64 * 1024 * 1024,
    // A slow disk takes its time for each commit, so what waits has to fit into few of them; but an answer as long as this one
    // takes the event loop ten milliseconds.
    batchCallsMax: 4_000,
    batchBytesMax: 8 * 1024 * 1024,
  });
}

interface Parts {
  readonly queue: CommitQueue<WriteCall>;
  readonly reader: Thread;
  readonly writer: Thread;
  readonly stop: () => Promise<void>;
  readonly announcer: Announcer;
}

function createStore({ queue, reader, writer, stop, announcer }: Parts): Store {
  let closing: Promise<void> | undefined;
  // The other thread made the value by calling the method of this name, so it has the method's type.
  const unlessClosing = <R>(run: () => Promise<unknown>): Promise<R> =>
    (closing === undefined ? run() : Promise.reject(new HubError('shutting_down'))) as Promise<R>;
  const write = <M extends keyof Writes>(
    method: M,
    args: Parameters<Writes[M]>,
    inOrder?: InOrder<ReturnType<Writes[M]>>,
  ): Promise<ReturnType<Writes[M]>> =>
    unlessClosing(() =>
      queue.push(
        { method, args },
        { bytes: callBytes, shed: false, ...(inOrder && { onCommitted: (value: unknown) => answerInOrder(inOrder, value) }) },
      ),
    );
  const answerInOrder = <R>(inOrder: InOrder<R>, value: unknown): void => {
    announcer.flush();
    inOrder(value as R);
  };
  const read = <M extends keyof Reads>(method: M, ...args: Parameters<Reads[M]>): Promise<ReturnType<Reads[M]>> =>
    unlessClosing(() => reader.ask({ kind: 'read', call: { method, args } }));
  const append = (request: AppendRequest): Promise<unknown> =>
    queue.push(
      { method: 'append', args: [request] },
      { bytes: callBytes + request.content.length, shed: true, onCommitted: (value) => announce(request, value as Appended) },
    );
  const announce = (request: AppendRequest, appended: Appended): void => {
    if (!appended.duplicate) announcer.add(storedMessage(request, appended));
  };

  return {
    append: (request) => unlessClosing(() => append(request)),
    openReader: (reader, nowMs, inOrder) => write('openReader', [reader, nowMs], inOrder),
    closeReader: (...args) => write('closeReader', args),
    advance: (...args) => write('advance', args),
    createRoom: (room, inOrder) => write('createRoom', [room], inOrder),
    joinRoom: (request, inOrder) => write('joinRoom', [request], inOrder),
    leaveRoom: (roomId, userId, inOrder) => write('leaveRoom', [roomId, userId], inOrder),
    deleteRoom: (roomId, userId, inOrder) => write('deleteRoom', [roomId, userId], inOrder),
    saveStates: (...args) => write('saveStates', args),
    expire: (...args) => write('expire', args),
    readStream: async (query) => unpackMessages(query.stream, await read('readStream', query)),
    room: (roomId) => read('room', roomId),
    rooms: (query) => read('rooms', query),
    members: (query) => read('members', query),
    history: (query) => read('history', query),
    states: (userIds) => read('states', userIds),
    retentionTime: () => read('retentionTime'),
    counts: () => read('counts'),
    close() {
      closing ??= closeParts();
      return closing;
    },
  };

  async function closeParts(): Promise<void> {
    await queue.idle();
    // The reader first: the last connection to close cuts the log. A thread that has died has nothing to close.
    for (const thread of new Set([reader, writer])) await thread.ask({ kind: 'close' }).catch(() => {});
    await stop();
  }
}

function storedMessage(request: AppendRequest, { id, seq, createdAtMs }: Appended): StoredMessage {
  const { senderId, type, content, clientMsgId } = request;
  const common = { id, seq, senderId, type, content, createdAtMs, clientMsgId };
  return request.kind === 'direct'
    ? { ...common, stream: inboxOf(request.recipientId), recipientId: request.recipientId, roomId: undefined, echo: true }
    : { ...common, stream: timelineOf(request.roomId), recipientId: undefined, roomId: request.roomId, echo: request.echo };
}
