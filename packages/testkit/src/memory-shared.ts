/**
 * The model of the port of a shared store: several stores over one memory, each the store of one node. Like `createMemoryStore` it has no
 * timers, no clock and no randomness: a call takes effect, calls back and resolves one microtask after it was made. Each write is a commit.
 */
import { type Store, type StoreOptions, timelineOf } from '@parley/hub';
import type { Commit, Lane, News, NodeId, SharedMessage, SharedStore, SharedStoreHooks } from '@parley/hub/testing';
import { HubError } from '@parley/protocol';
import * as log from './memory-log.ts';
import * as readers from './memory-readers.ts';
import * as reads from './memory-reads.ts';
import * as rooms from './memory-rooms.ts';
import { emptyMemoryState, type MemoryMessage, type MemoryState, streamOf } from './memory-state.ts';
import * as nodes from './shared-nodes.ts';
import { emptySharedState, type SharedState } from './shared-nodes.ts';
import { testStoreOptions } from './store-options.ts';

export interface MemorySharedOptions {
  /** The store's clock. */
  readonly now?: () => number;
  /** Over all nodes; above it `connection_limit`. */
  readonly connectionsPerUserMax?: number;
}

export interface MemoryShared {
  readonly state: SharedState;
  /** The store of one more node. */
  open(options: Partial<StoreOptions>, hooks?: SharedStoreHooks): SharedStore;
  /** While it can't be reached, every call of a node rejects. */
  setReachable(isReachable: boolean): void;
}

interface NodeStore {
  node: NodeId;
  isClosed: boolean;
}

export function createMemoryShared(given: MemorySharedOptions = {}, memory: MemoryState = emptyMemoryState()): MemoryShared {
  const state = emptySharedState(memory, given.now ?? (() => 0), given.connectionsPerUserMax ?? Number.POSITIVE_INFINITY);
  let isReachable = true;
  return {
    state,
    setReachable(value) {
      isReachable = value;
    },
    open(options, hooks = { onCommit() {} }) {
      const all = { ...testStoreOptions, ...options };
      const self: NodeStore = { node: nodes.begin(state), isClosed: false };
      const calls = callsOf(state, self, hooks, () => isReachable);
      return {
        ...storeOf(state, self, all, calls),
        ...sharedOf(state, self, calls.read),
        get node() {
          return self.node;
        },
      };
    },
  };
}

interface Calls {
  read<R>(run: () => R): Promise<R>;
  /** What `run` reports with the result goes to the other nodes. */
  write<R>(lane: Lane, run: (commit: MutableCommit) => R, then?: (result: R) => void): Promise<R>;
}

interface MutableCommit {
  readonly messages: SharedMessage[];
  readonly news: News[];
}

function callsOf(state: SharedState, self: NodeStore, hooks: SharedStoreHooks, isReachable: () => boolean): Calls {
  const soon = async <R>(run: () => R): Promise<R> => {
    if (self.isClosed) throw new HubError('shutting_down');
    await undefined;
    if (!isReachable()) throw new Error('The store can not be reached.');
    return run();
  };
  return {
    read: soon,
    write: (lane, run, then = () => {}) =>
      soon(() => {
        const node = state.nodes.get(self.node);
        // Its lanes are gone.
        if (node === undefined || node.isEnded) throw new HubError('overloaded');
        const commit: MutableCommit = { messages: [], news: [] };
        const result = run(commit);
        node.lanes[lane] += 1;
        then(result);
        const told: Commit = { lane, position: node.lanes[lane], ...commit };
        // When the caller has its answer.
        void Promise.resolve()
          .then(() => {})
          .then(() => hooks.onCommit(told));
        return result;
      }),
  };
}

function storeOf(state: SharedState, self: NodeStore, options: StoreOptions, { read, write }: Calls): Store {
  const { memory } = state;
  const user = (userId: string): News => ({ kind: 'user', userId });
  return {
    append: async (request) => {
      const { appended } = await write(
        0,
        (commit) => {
          const done = log.append(memory, request, options);
          if (done.stored !== undefined) commit.messages.push(nodes.shared(state, withoutOwn(done.stored)));
          return done;
        },
        ({ stored }) => stored && options.onAppended([withoutOwn(stored)]),
      );
      return appended;
    },
    openReader: (reader, nowMs, inOrder) =>
      write(
        1,
        ({ news }) => {
          nodes.openSession(state, self.node, reader);
          news.push(user(reader.userId));
          const opened = readers.openReader(memory, reader, nowMs, options);
          return { ...opened, streams: opened.streams.map((stream) => nodes.withVersion(state, stream)) };
        },
        inOrder,
      ),
    closeReader: (reader, written) =>
      write(1, ({ news }) => {
        const last = nodes.closeSession(state, self.node, reader);
        readers.closeReader(memory, reader, written, last);
        news.push(user(reader.userId));
      }),
    advance: (advances, nowMs) => write(1, () => log.advance(memory, advances, nowMs)),
    saveStates: (states) =>
      write(1, ({ news }) => {
        nodes.saveStates(state, states);
        for (const { userId } of states) news.push(user(userId));
      }),
    expire: (retention, nowMs) => read(() => log.expire(memory, retention, nowMs)),
    ...roomsOf(state, options, write),
    readStream: (query) => read(() => reads.readStream(memory, query)),
    history: (query) => read(() => reads.history(memory, query)),
    room: (roomId) =>
      read(() => {
        const room = memory.rooms.get(roomId);
        return room && rooms.summaryOf(memory, room);
      }),
    rooms: (query) => read(() => rooms.rooms(memory, query)),
    members: (query) => read(() => rooms.members(memory, query)),
    states: (userIds) => read(() => userIds.flatMap((userId) => memory.states.get(userId) ?? [])),
    retentionTime: () => read(() => memory.retentionTime),
    integrity: () => ({ state: 'ok', damagedMessages: 0 }),
    counts: () => read(() => reads.counts(memory)),
    async close() {
      self.isClosed = true;
      await undefined;
      nodes.end(state, self.node);
    },
  };
}

type RoomWrites = Pick<Store, 'createRoom' | 'joinRoom' | 'leaveRoom' | 'deleteRoom'>;

function roomsOf(state: SharedState, options: StoreOptions, write: Calls['write']): RoomWrites {
  const { memory } = state;
  return {
    createRoom: (room, inOrder) =>
      write(
        1,
        ({ news }) => {
          const made = rooms.createRoom(memory, room, options);
          return { ...made, membersVersion: nodes.joined(state, news, room.roomId, room.createdBy, made) };
        },
        inOrder,
      ),
    joinRoom: (request, inOrder) =>
      write(
        1,
        ({ news }) => {
          const result = rooms.joinRoom(memory, request, options);
          if (!result.joined) return { ...result, membersVersion: nodes.versionOf(state, request.roomId) };
          return { ...result, membersVersion: nodes.joined(state, news, request.roomId, request.userId, result) };
        },
        inOrder,
      ),
    leaveRoom: (roomId, userId, inOrder) =>
      write(
        1,
        ({ news }) => {
          const result = rooms.leaveRoom(memory, roomId, userId);
          const membersVersion = nodes.nextVersion(state, roomId);
          const leftSeq = streamOf(memory, timelineOf(roomId)).head;
          news.push({ kind: 'left', roomId, userId, memberCount: result.memberCount, membersVersion, leftSeq });
          if (result.deleted) news.push({ kind: 'deleted', roomId, membersVersion });
          return { ...result, membersVersion, leftSeq };
        },
        inOrder,
      ),
    deleteRoom: (roomId, userId, inOrder) =>
      write(
        1,
        ({ news }) => {
          rooms.deleteRoom(memory, roomId, userId);
          news.push({ kind: 'deleted', roomId, membersVersion: nodes.nextVersion(state, roomId) });
        },
        inOrder,
      ),
  };
}

type SharedOnly = Omit<SharedStore, keyof Store | 'node'>;

function sharedOf(state: SharedState, self: NodeStore, read: Calls['read']): SharedOnly {
  return {
    beat: () => read(() => nodes.beat(state, self.node)),
    positions: () => read(() => nodes.positions(state)),
    heads: (streams) =>
      read(() => streams.map((stream) => ({ stream, seq: streamOf(state.memory, stream).head })).filter(({ seq }) => seq > 0)),
    memberships: (userIds) => read(() => nodes.memberships(state, new Set(userIds))),
    membersVersions: (roomIds) => read(() => new Map(roomIds.map((roomId) => [roomId, nodes.versionOf(state, roomId)]))),
    sessions: () => read(() => nodes.sessions(state)),
    nodes: () => read(() => nodes.living(state)),
    declareDead: (node, beat) => read(() => state.nodes.get(node)?.beat === beat && nodes.end(state, node)),
    rejoin: () =>
      read(() => {
        nodes.end(state, self.node);
        self.node = nodes.begin(state);
      }),
    agree: (key, value) =>
      read(() => {
        if (!state.agreed.has(key)) state.agreed.set(key, value);
        return state.agreed.get(key) ?? value;
      }),
  };
}

function withoutOwn({ receipt: _receipt, storedAtMs: _storedAtMs, ...message }: MemoryMessage): SharedMessage {
  return message;
}
