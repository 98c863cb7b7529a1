/**
 * The store of a simulation: the memory store behind a queue and a delay, as the real one works behind a thread.
 *
 *     call ─► waits for the batch before ─► committed ─(here the process may be lost)─► answered, in order
 *     read ─► carried out ─► answered
 *
 * Each call takes effect at its commit, while the hub hears of it at its answer. So a read may see what has not been announced yet,
 * and a hub that dies between the two leaves messages that were never announced.
 */
import type { AppendRequest, InOrder, ReaderId, ReaderStream, RoomMember, Store, StoredMessage, StoreOptions } from '@parley/hub';
import { HubError } from '@parley/protocol';
import { type MemoryState, membersOf } from '../memory-state.ts';
import { createMemoryStore, type MemoryStore } from '../memory-store.ts';
import type { ProcessClock } from './sim-clock.ts';
import type { SimRandom } from './sim-random.ts';
import { type StoreConditions, StoreQueue } from './store-queue.ts';

/** Hears of every commit, and of what the hub asks for, for the invariants. */
export interface StoreObserver {
  onAppended(message: StoredMessage): void;
  onOpened(reader: ReaderId, streams: readonly ReaderStream[]): void;
  onAdvance: OnAdvances;
  onAdvanced: OnAdvances;
  onJoined(roomId: string, userId: string, joinedSeq: number): void;
  onLeft(roomId: string, userId: string): void;
  /** Messages may have expired or been dropped. */
  onRemoved(state: MemoryState): void;
  /** The hub has the answer, and has begun to follow or has stopped. */
  onOpenAnswered(reader: ReaderId, streams: readonly ReaderStream[]): void;
  onJoinAnswered(roomId: string, userId: string, joinedSeq: number): void;
  onLeaveAnswered(roomId: string, userId: string): void;
}

type OnAdvances = (advances: Parameters<Store['advance']>[0]) => void;

export interface SimStorePorts {
  readonly options: StoreOptions;
  readonly state: MemoryState;
  readonly clock: ProcessClock;
  readonly random: SimRandom;
  readonly conditions: StoreConditions;
  readonly observer: StoreObserver;
  /** The process is lost with a batch committed and not answered. */
  readonly onProcessLost: () => void;
}

export function createSimStore({ options, state, observer, ...ports }: SimStorePorts): Store {
  const appended: StoredMessage[] = [];
  const memory: MemoryStore = createMemoryStore({ ...options, onAppended: (messages) => appended.push(...messages) }, state);
  /** Of the batch that is being answered: announced together, as the real store does it. */
  let unannounced: StoredMessage[] = [];
  const announce = (): void => {
    const messages = unannounced;
    unannounced = [];
    if (messages.length > 0) options.onAppended(messages);
  };
  const queue = new StoreQueue({ ...ports, onFailed: options.onFailed, onAnswered: announce });
  const { clock, random, conditions } = ports;
  let isClosed = false;

  /** `seen` is called at the commit, `answered` at the answer. */
  const push = <R>(run: () => Promise<R>, seen: (result: R) => void, answered: (result: R) => void): Promise<R> => {
    if (isClosed) return Promise.reject(new HubError('shutting_down'));
    return queue.push(run, seen, answered);
  };
  /** As `push`; what was appended before is announced before the answer. */
  const write = <R>(run: () => Promise<R>, seen: (result: R) => void = () => {}, answered: (result: R) => void = () => {}): Promise<R> =>
    push(run, seen, both(announce, answered));

  const append = async (request: AppendRequest): ReturnType<Store['append']> => {
    if (conditions.isOverloaded) throw new HubError('overloaded', { retryAfterS: 1 });
    let stored: StoredMessage | undefined;
    return push(
      () => memory.append(request),
      () => {
        stored = appended.shift();
        if (stored !== undefined) observer.onAppended(stored);
        if (options.queueOverflow === 'drop_oldest') observer.onRemoved(state);
      },
      () => stored && unannounced.push(stored),
    );
  };

  const read = async <R>(run: () => Promise<R>): Promise<R> => {
    if (isClosed) throw new HubError('shutting_down');
    await wait(random.integer(0, conditions.readDelayMs));
    if (random.chance(conditions.readFailures)) throw new HubError('overloaded');
    const result = await run();
    await wait(random.integer(0, conditions.readDelayMs));
    return result;
  };
  const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));

  return {
    append,
    openReader: (reader, nowMs, inOrder) =>
      write(
        () => memory.openReader(reader, nowMs, () => {}),
        ({ streams }) => observer.onOpened(reader, streams),
        both(({ streams }) => observer.onOpenAnswered(reader, streams), inOrder),
      ),
    closeReader: (...args) => write(() => memory.closeReader(...args)),
    advance: (advances, nowMs) => {
      observer.onAdvance(advances);
      return write(
        () => memory.advance(advances, nowMs),
        () => observer.onAdvanced(advances),
      );
    },
    createRoom: (room, inOrder) =>
      write(
        () => memory.createRoom(room, () => {}),
        ({ joinedSeq }) => observer.onJoined(room.roomId, room.createdBy, joinedSeq),
        both(({ joinedSeq }) => observer.onJoinAnswered(room.roomId, room.createdBy, joinedSeq), inOrder),
      ),
    joinRoom: (request, inOrder) => {
      const { roomId, userId } = request;
      return write(
        () => memory.joinRoom(request, () => {}),
        ({ joined, joinedSeq }) => joined && observer.onJoined(roomId, userId, joinedSeq),
        both(({ joined, joinedSeq }) => joined && observer.onJoinAnswered(roomId, userId, joinedSeq), inOrder),
      );
    },
    leaveRoom: (roomId, userId, inOrder) =>
      write(
        () => memory.leaveRoom(roomId, userId, () => {}),
        ({ deleted }) => {
          observer.onLeft(roomId, userId);
          if (deleted) observer.onRemoved(state);
        },
        both(() => observer.onLeaveAnswered(roomId, userId), inOrder),
      ),
    deleteRoom: (roomId, userId, inOrder) => {
      let members: readonly RoomMember[] = [];
      return write(
        () => {
          members = membersOf(state, roomId);
          return memory.deleteRoom(roomId, userId, () => {});
        },
        () => {
          for (const member of members) observer.onLeft(roomId, member.userId);
          observer.onRemoved(state);
        },
        both(() => {
          for (const member of members) observer.onLeaveAnswered(roomId, member.userId);
        }, inOrder),
      );
    },
    saveStates: (states) => write(() => memory.saveStates(states)),
    expire: (...args) =>
      write(
        () => memory.expire(...args),
        () => observer.onRemoved(state),
      ),
    // Shorter pages than asked for are allowed, and make catching up take many.
    readStream: (query) =>
      read(() => memory.readStream({ ...query, limit: Math.min(query.limit, random.integer(1, conditions.pageMessages)) })),
    history: (query) => read(() => memory.history(query)),
    room: (roomId) => read(() => memory.room(roomId)),
    rooms: (query) => read(() => memory.rooms(query)),
    members: (query) => read(() => memory.members(query)),
    states: (userIds) => read(() => memory.states(userIds)),
    retentionTime: () => read(() => memory.retentionTime()),
    integrity: () => memory.integrity(),
    counts: () => read(() => memory.counts()),
    async close() {
      isClosed = true;
      await queue.idle();
    },
  };
}

const both =
  <R>(first: InOrder<R>, second: InOrder<R>): InOrder<R> =>
  (result) => {
    first(result);
    second(result);
  };
