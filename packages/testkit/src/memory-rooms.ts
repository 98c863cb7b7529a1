import type { JoinRequest, JoinResult, Room, RoomSummary } from '@parley/hub';
import { timelineOf } from '@parley/hub';
import { HubError } from '@parley/protocol';
import { cursorsOf, type MemoryState, membershipOf, membersOf, requireMember, streamOf } from './memory-state.ts';

export function summaryOf(state: MemoryState, room: Room): RoomSummary {
  return { ...room, memberCount: membersOf(state, room.roomId).length };
}

export function createRoom(state: MemoryState, { roomId, name, createdBy, createdAtMs, isPrivate, maxMembers }: Room): RoomSummary {
  if (state.rooms.has(roomId)) throw new HubError('room_exists');
  const room: Room = { roomId, name, createdBy, createdAtMs, isPrivate, maxMembers };
  state.rooms.set(roomId, room);
  state.memberships.push({ roomId, userId: createdBy, role: 'owner', joinedAtMs: createdAtMs, joinedSeq: 0 });
  return summaryOf(state, room);
}

export function joinRoom(state: MemoryState, { roomId, userId, nowMs, create, invited }: JoinRequest): JoinResult {
  const room = state.rooms.get(roomId);
  if (room === undefined) {
    if (create === false) throw new HubError('room_not_found');
    const { memberCount: _, ...made } = createRoom(state, {
      roomId,
      name: roomId,
      createdBy: userId,
      createdAtMs: nowMs,
      isPrivate: false,
      maxMembers: create.maxMembers,
    });
    return { room: made, members: membersOf(state, roomId), joined: true, created: true, joinedSeq: 0 };
  }
  const earlier = membershipOf(state, roomId, userId);
  if (earlier !== undefined)
    return { room, members: membersOf(state, roomId), joined: false, created: false, joinedSeq: earlier.joinedSeq };
  if (room.isPrivate && !invited) throw new HubError('room_private');
  if (membersOf(state, roomId).length >= room.maxMembers) throw new HubError('room_full');
  const joinedSeq = streamOf(state, timelineOf(roomId)).head;
  state.memberships.push({ roomId, userId, role: 'member', joinedAtMs: nowMs, joinedSeq });
  return { room, members: membersOf(state, roomId), joined: true, created: false, joinedSeq };
}

export function leaveRoom(state: MemoryState, roomId: string, userId: string): void {
  const membership = requireMember(state, roomId, userId);
  state.memberships = state.memberships.filter((other) => other !== membership);
  for (const deviceId of state.cursors.get(userId)?.keys() ?? []) cursorsOf(state, userId, deviceId).delete(timelineOf(roomId));
}
