/**
 * The model of the store port: plain data, changed by one synchronous function for each method. Made for
 * reading, for the deterministic simulation and for checking the other adapters. No timers, no clock, no randomness.
 *
 * A call takes effect, calls back and resolves one microtask after it was made, in the order of the calls.
 */
import type { Store, StoreOptions } from '@parley/hub';
import { HubError } from '@parley/protocol';
import * as log from './memory-log.ts';
import * as readers from './memory-readers.ts';
import * as reads from './memory-reads.ts';
import * as rooms from './memory-rooms.ts';
import { emptyMemoryState, type MemoryMessage, type MemoryState } from './memory-state.ts';
import { testStoreOptions } from './store-options.ts';

export interface MemoryStore extends Store {
  /** Outlives the store: hand it to `createMemoryStore` to restart. */
  readonly state: MemoryState;
}

/**
 * A store in memory, empty or with what an earlier one left. While the earlier one is open this is a crash of it:
 * calls that it has not carried out yet are lost, and like those of a killed process they never settle.
 */
export function createMemoryStore(given: Partial<StoreOptions>, state: MemoryState = emptyMemoryState()): MemoryStore {
  const options = { ...testStoreOptions, ...given };
  state.epoch += 1;
  const { epoch } = state;
  let isClosed = false;

  const soon = async <R>(run: () => R, then: (result: R) => void = () => {}): Promise<R> => {
    if (isClosed) throw new HubError('shutting_down');
    await undefined;
    if (state.epoch !== epoch) return new Promise(() => {});
    const result = run();
    then(result);
    return result;
  };
  const announce = ({ receipt: _receipt, storedAtMs: _storedAtMs, ...message }: MemoryMessage): void => options.onAppended([message]);

  return {
    state,
    append: async (request) => {
      const { appended } = await soon(
        () => log.append(state, request, options),
        ({ stored }) => stored && announce(stored),
      );
      return appended;
    },
    openReader: (reader, nowMs, inOrder) => soon(() => readers.openReader(state, reader, nowMs, options), inOrder),
    closeReader: (reader, written, last) => soon(() => readers.closeReader(state, reader, written, last)),
    advance: (advances, nowMs) => soon(() => log.advance(state, advances, nowMs)),
    expire: (retention, nowMs) => soon(() => log.expire(state, retention, nowMs)),
    createRoom: (room, inOrder) => soon(() => rooms.createRoom(state, room, options), inOrder),
    joinRoom: (request, inOrder) => soon(() => rooms.joinRoom(state, request, options), inOrder),
    leaveRoom: (roomId, userId, inOrder) => soon(() => rooms.leaveRoom(state, roomId, userId), inOrder),
    deleteRoom: (roomId, userId, inOrder) => soon(() => rooms.deleteRoom(state, roomId, userId), inOrder),
    saveStates: (states) => soon(() => readers.saveStates(state, states)),
    readStream: (query) => soon(() => reads.readStream(state, query)),
    history: (query) => soon(() => reads.history(state, query)),
    room: (roomId) =>
      soon(() => {
        const room = state.rooms.get(roomId);
        return room && rooms.summaryOf(state, room);
      }),
    rooms: (query) => soon(() => rooms.rooms(state, query)),
    members: (query) => soon(() => rooms.members(state, query)),
    states: (userIds) => soon(() => userIds.flatMap((userId) => state.states.get(userId) ?? [])),
    retentionTime: () => soon(() => state.retentionTime),
    integrity: () => ({ state: 'ok', damagedMessages: 0 }),
    counts: () => soon(() => reads.counts(state)),
    async close() {
      isClosed = true;
      // Calls made before were queued before, so they are carried out by then.
      await undefined;
    },
  };
}
