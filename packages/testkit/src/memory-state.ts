import type { Room, RoomMember, StoredMessage, StreamId, UserState } from '@parley/hub';
import { inboxOf, timelineOf } from '@parley/hub';
import { HubError } from '@parley/protocol';
import { entry } from './entry.ts';

export type MemoryMessage = StoredMessage & { readonly storedAtMs: number; readonly receipt: boolean };

export interface MemoryStream {
  /** What is still there, in the order of `seq`. */
  messages: MemoryMessage[];
  head: number;
  /** The log is (trimmed, head]; what is at or below is only history. */
  trimmed: number;
  /** Where the readers of an inbox begin that have no cursor: those that were forgotten had received up to here. */
  floor: number;
  /** The moves of an inbox's user cursor: everything up to `seq` had reached the user by `atMs`. */
  readonly deliveries: { readonly seq: number; readonly atMs: number }[];
}

export interface MemoryReader {
  /** The store that opened it, see `MemoryState.epoch`; undefined: it was closed. */
  openEpoch: number | undefined;
  openedAtMs: number;
  /** On the retention clock. */
  usedAtMs: number;
}

export interface MemoryCursor {
  received: number;
  written: number;
}

export interface Membership extends RoomMember {
  readonly roomId: string;
  /** The head of the room's stream when the user joined. */
  readonly joinedSeq: number;
}

/** The cursors of one device (`''`: of the user itself), by stream. */
export type DeviceCursors = Map<StreamId, MemoryCursor>;

/** All that a store keeps: its disk. */
export interface MemoryState {
  /** Counts the stores that were made of this state; only the newest may change it. */
  epoch: number;
  lastId: number;
  expired: number;
  dropped: number;
  retentionTime: number;
  readonly streams: Map<StreamId, MemoryStream>;
  /** In the order of creation. */
  readonly rooms: Map<string, Room>;
  /** In the order of joining. */
  memberships: Membership[];
  /** By user, then by device. */
  readonly cursors: Map<string, Map<string, DeviceCursors>>;
  /** By user, then by device. */
  readonly readers: Map<string, Map<string, MemoryReader>>;
  readonly states: Map<string, UserState>;
}

export function emptyMemoryState(): MemoryState {
  return {
    epoch: 0,
    lastId: 0,
    expired: 0,
    dropped: 0,
    retentionTime: 0,
    streams: new Map(),
    rooms: new Map(),
    memberships: [],
    cursors: new Map(),
    readers: new Map(),
    states: new Map(),
  };
}

export function streamOf(state: MemoryState, stream: StreamId): MemoryStream {
  return entry(state.streams, stream, () => ({ messages: [], head: 0, trimmed: 0, floor: 0, deliveries: [] }));
}

/** What lies at or below `trimmed` in a timeline is of a deleted room with the same name. In an inbox it is history. */
export function visible(id: StreamId, stream: MemoryStream): MemoryMessage[] {
  return id.startsWith(timelineOf('')) ? stream.messages.filter(({ seq }) => seq > stream.trimmed) : stream.messages;
}

export function cursorsOf(state: MemoryState, userId: string, deviceId: string): DeviceCursors {
  return entry(
    entry(state.cursors, userId, () => new Map<string, DeviceCursors>()),
    deviceId,
    () => new Map(),
  );
}

export function readersOf(state: MemoryState, userId: string): Map<string, MemoryReader> {
  return entry(state.readers, userId, () => new Map());
}

/** Where the user itself stands in its inbox. */
export function deliveredTo(state: MemoryState, userId: string): number {
  return state.cursors.get(userId)?.get('')?.get(inboxOf(userId))?.received ?? streamOf(state, inboxOf(userId)).floor;
}

export function undeliveredTo(state: MemoryState, userId: string): number {
  const { head, trimmed } = streamOf(state, inboxOf(userId));
  return head - Math.max(trimmed, deliveredTo(state, userId));
}

export function membershipOf(state: MemoryState, roomId: string, userId: string): Membership | undefined {
  return state.memberships.find((member) => member.roomId === roomId && member.userId === userId);
}

export function requireRoom(state: MemoryState, roomId: string): Room {
  const room = state.rooms.get(roomId);
  if (room === undefined) throw new HubError('room_not_found');
  return room;
}

/** To others a private room looks like none. */
export function requireMember(state: MemoryState, roomId: string, userId: string): Membership {
  const membership = membershipOf(state, roomId, userId);
  if (membership !== undefined) return membership;
  throw new HubError(requireRoom(state, roomId).isPrivate ? 'room_not_found' : 'not_member');
}

/** In the order of joining. */
export function roomsOf(state: MemoryState, userId: string): readonly Membership[] {
  return state.memberships.filter((member) => member.userId === userId);
}

/** The streams that a user reads, each with the lowest cursor that a reader can have there: the inbox, then the rooms as joined. */
export function readableBy(state: MemoryState, userId: string): ReadonlyMap<StreamId, number> {
  return new Map([
    [inboxOf(userId), 0],
    ...roomsOf(state, userId).map((member): [StreamId, number] => [timelineOf(member.roomId), member.joinedSeq]),
  ]);
}

export function membersOf(state: MemoryState, roomId: string): readonly RoomMember[] {
  return state.memberships
    .filter((member) => member.roomId === roomId)
    .map(({ userId, role, joinedAtMs }) => ({ userId, role, joinedAtMs }));
}
