import type {
  CreatedRoom,
  JoinRequest,
  JoinResult,
  LeaveResult,
  MembersPage,
  MembersQuery,
  Room,
  RoomSummary,
  RoomsPage,
  RoomsQuery,
  StoreLimits,
} from '@parley/hub';
import { membersToldMax, timelineOf } from '@parley/hub';
import { HubError } from '@parley/protocol';
import { cursorsOf, type MemoryState, membershipOf, membersOf, requireMember, requireRoom, roomsOf, streamOf } from './memory-state.ts';

type Limits = Pick<StoreLimits, 'roomsPerUserMax'>;

export function summaryOf(state: MemoryState, room: Room): RoomSummary {
  return { ...room, memberCount: membersOf(state, room.roomId).length };
}

export function createRoom(state: MemoryState, room: Room, limits: Limits): CreatedRoom {
  if (state.rooms.has(room.roomId)) throw new HubError('room_exists');
  requireFewRooms(state, room.createdBy, limits);
  const { roomId, name, createdBy, createdAtMs, isPrivate, maxMembers } = room;
  const made: Room = { roomId, name, createdBy, createdAtMs, isPrivate, maxMembers };
  state.rooms.set(roomId, made);
  const joinedSeq = streamOf(state, timelineOf(roomId)).head;
  state.memberships.push({ roomId, userId: createdBy, role: 'owner', joinedAtMs: createdAtMs, joinedSeq });
  return { ...summaryOf(state, made), joinedSeq };
}

export function joinRoom(state: MemoryState, request: JoinRequest, limits: Limits): JoinResult {
  const { roomId, userId } = request;
  const outcome = join(state, request, limits);
  const room = requireRoom(state, roomId);
  const members = membersOf(state, roomId);
  const joinedSeq = membershipOf(state, roomId, userId)?.joinedSeq ?? 0;
  return { room, memberCount: members.length, members: members.slice(0, membersToldMax), ...outcome, joinedSeq };
}

function join(
  state: MemoryState,
  { roomId, userId, nowMs, create, invited }: JoinRequest,
  limits: Limits,
): Pick<JoinResult, 'joined' | 'created'> {
  const room = state.rooms.get(roomId);
  if (room === undefined) {
    if (create === false) throw new HubError('room_not_found');
    const { maxMembers } = create;
    createRoom(state, { roomId, name: roomId, createdBy: userId, createdAtMs: nowMs, isPrivate: false, maxMembers }, limits);
    return { joined: true, created: true };
  }
  if (membershipOf(state, roomId, userId) !== undefined) return { joined: false, created: false };
  if (room.isPrivate && !invited) throw new HubError(create === false ? 'room_not_found' : 'room_private');
  const memberCount = membersOf(state, roomId).length;
  if (memberCount >= room.maxMembers) throw new HubError('room_full');
  requireFewRooms(state, userId, limits);
  const joinedSeq = streamOf(state, timelineOf(roomId)).head;
  state.memberships.push({ roomId, userId, role: memberCount === 0 ? 'owner' : 'member', joinedAtMs: nowMs, joinedSeq });
  return { joined: true, created: false };
}

function requireFewRooms(state: MemoryState, userId: string, { roomsPerUserMax }: Limits): void {
  if (roomsOf(state, userId).length >= roomsPerUserMax) throw new HubError('too_many_rooms');
}

export function leaveRoom(state: MemoryState, roomId: string, userId: string): LeaveResult {
  const membership = requireMember(state, roomId, userId);
  state.memberships = state.memberships.filter((other) => other !== membership);
  for (const deviceId of state.cursors.get(userId)?.keys() ?? []) cursorsOf(state, userId, deviceId).delete(timelineOf(roomId));
  const first = state.memberships.find((member) => member.roomId === roomId);
  if (membership.role === 'owner' && first !== undefined) {
    state.memberships = state.memberships.map((member) => (member === first ? { ...first, role: 'owner' } : member));
  }
  const deleted = requireRoom(state, roomId).isPrivate && first === undefined;
  if (deleted) removeRoom(state, roomId);
  return { memberCount: membersOf(state, roomId).length, deleted };
}

export function deleteRoom(state: MemoryState, roomId: string, userId: string | undefined): void {
  if (userId === undefined) requireRoom(state, roomId);
  else if (requireMember(state, roomId, userId).role !== 'owner') throw new HubError('not_owner');
  removeRoom(state, roomId);
}

/** What its stream holds is out of the log, and goes at the next `expire`. */
function removeRoom(state: MemoryState, roomId: string): void {
  const stream = streamOf(state, timelineOf(roomId));
  stream.trimmed = stream.head;
  state.rooms.delete(roomId);
  state.memberships = state.memberships.filter((member) => member.roomId !== roomId);
}

export function rooms(state: MemoryState, { after, limit, includePrivate }: RoomsQuery): RoomsPage {
  const all = [...state.rooms.values()];
  const start = after === undefined ? 0 : all.findIndex(({ roomId }) => roomId === after) + 1;
  if (after !== undefined && start === 0) throw new HubError('invalid_payload');
  const seen = (some: readonly Room[]): readonly Room[] => some.filter(({ isPrivate }) => includePrivate || !isPrivate);
  const left = seen(all.slice(start));
  return { rooms: left.slice(0, limit).map((room) => summaryOf(state, room)), count: seen(all).length, hasMore: left.length > limit };
}

export function members(state: MemoryState, { roomId, userId, after, limit }: MembersQuery): MembersPage {
  if (userId === undefined) requireRoom(state, roomId);
  else requireMember(state, roomId, userId);
  const all = membersOf(state, roomId);
  const start = after === undefined ? 0 : all.findIndex((member) => member.userId === after) + 1;
  if (after !== undefined && start === 0) throw new HubError('invalid_payload');
  return { members: all.slice(start, start + limit), memberCount: all.length, hasMore: all.length > start + limit };
}
