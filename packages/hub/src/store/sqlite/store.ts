import { HubError } from '@parley/protocol';
import { type Appended, type AppendRequest, type InOrder, inboxOf, type Store, type StoredMessage, timelineOf } from '../../ports/store.ts';
import type { Announcer } from '../announcer.ts';
import { callBytes, orderedCallBytes } from '../call-bytes.ts';
import type { CommitQueue } from '../commit-queue.ts';
import type { DamageLog } from '../damage-log.ts';
import { MergedStates } from '../merged-states.ts';
import type { IntegrityCheck } from './integrity-check.ts';
import type { Reads, WriteCall, Writes } from './thread/calls.ts';
import { unpackEntries } from './thread/pack.ts';
import type { Thread } from './thread/thread.ts';

/** Made when its batch is, if it can still change while it waits. */
export type WaitingCall = WriteCall | (() => WriteCall);

export interface StoreParts {
  readonly queue: CommitQueue<WaitingCall>;
  readonly reader: Thread;
  readonly writer: Thread;
  readonly stop: () => Promise<void>;
  readonly announcer: Announcer;
  readonly damage: DamageLog;
  readonly check: IntegrityCheck;
}

/** The port, over a queue of writes and a thread that reads. */
export function createStore({ queue, reader, writer, stop, announcer, damage, check }: StoreParts): Store {
  let closing: Promise<void> | undefined;
  // The other thread made the value by calling the method of this name, so it has the method's type.
  const unlessClosing = <R>(run: () => Promise<unknown>): Promise<R> =>
    (closing === undefined ? run() : Promise.reject(new HubError('shutting_down'))) as Promise<R>;
  /** What the hub itself writes: few at a time, and not to be lost. */
  const write = <M extends keyof Writes>(method: M, args: Parameters<Writes[M]>): Promise<ReturnType<Writes[M]>> =>
    unlessClosing(() => queue.push({ method, args }, { bytes: callBytes, shed: false }));
  /** What clients cause. */
  const writeInOrder = <M extends keyof Writes>(
    method: M,
    args: Parameters<Writes[M]>,
    inOrder: InOrder<ReturnType<Writes[M]>>,
  ): Promise<ReturnType<Writes[M]>> =>
    unlessClosing(() =>
      queue.push({ method, args }, { bytes: orderedCallBytes, shed: true, onCommitted: (value) => answerInOrder(inOrder, value) }),
    );
  const states = new MergedStates((take) => queue.push(() => ({ method: 'saveStates', args: [take()] }), { bytes: callBytes, shed: true }));
  const answerInOrder = <R>(inOrder: InOrder<R>, value: unknown): void => {
    announcer.flush();
    inOrder(value as R);
  };
  const read = <M extends keyof Reads>(method: M, ...args: Parameters<Reads[M]>): Promise<ReturnType<Reads[M]>> =>
    unlessClosing(() => reader.ask({ kind: 'read', call: { method, args } }).catch(noteDamage));
  const noteDamage = (error: unknown): never => {
    if (error instanceof HubError && error.code === 'storage_damaged') damage.addPart(String(error.cause));
    throw error;
  };
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
    openReader: (reader, nowMs, inOrder) => writeInOrder('openReader', [reader, nowMs], inOrder),
    closeReader: (...args) => write('closeReader', args),
    advance: (...args) => write('advance', args),
    createRoom: (room, inOrder) => writeInOrder('createRoom', [room], inOrder),
    joinRoom: (request, inOrder) => writeInOrder('joinRoom', [request], inOrder),
    leaveRoom: (roomId, userId, inOrder) => writeInOrder('leaveRoom', [roomId, userId], inOrder),
    deleteRoom: (roomId, userId, inOrder) => writeInOrder('deleteRoom', [roomId, userId], inOrder),
    saveStates: (some) => unlessClosing(() => states.save(some)),
    expire: (...args) => write('expire', args),
    async readStream(query) {
      const entries = unpackEntries(query.stream, await read('readStream', query));
      for (const entry of entries) if ('damaged' in entry) damage.add(entry);
      return entries;
    },
    room: (roomId) => read('room', roomId),
    rooms: (query) => read('rooms', query),
    members: (query) => read('members', query),
    async history(query) {
      const { damaged, ...page } = await read('history', query);
      for (const place of damaged) damage.add(place);
      return { ...page, damaged: damaged.map(({ seq }) => seq) };
    },
    states: (userIds) => read('states', userIds),
    retentionTime: () => read('retentionTime'),
    integrity: () => check.integrity,
    counts: async () => ({ ...(await read('counts')), damaged: damage.count }),
    close() {
      closing ??= closeParts();
      return closing;
    },
  };

  async function closeParts(): Promise<void> {
    await check.stop();
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
