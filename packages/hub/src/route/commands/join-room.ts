import { userIdToWire } from '@parley/protocol';
import { type JoinResult, timelineOf } from '../../ports/store.ts';
import type { Services } from '../services.ts';
import type { Command } from './command.ts';
import { followRoom } from './create-room.ts';

/**
 * Makes a user a member; joining twice is success and tells nobody. `invited`: the application adds the user, so
 * that a private room lets it in. Refusals: `room_not_found`, `room_private`, `room_full`.
 */
export function addMember(services: Services, roomId: string, userId: string, invited: boolean): Promise<JoinResult> {
  const { store, streams, limits, clock, encode } = services;
  const create = limits.roomsCreateOnJoin ? { maxMembers: limits.roomMembersDefault } : false;
  return store.joinRoom({ roomId, userId, nowMs: clock.now(), create, invited }, ({ joined, joinedSeq }) => {
    if (!joined) return;
    const packet = encode('user_joined', { room_id: roomId, user_id: userIdToWire(userId) });
    for (const reader of streams.readers(timelineOf(roomId))) if (reader.userId !== userId) reader.live(packet);
    followRoom(services, userId, roomId, joinedSeq);
    services.onEvent({ type: 'user_joined', roomId, userId });
  });
}

export const joinRoom: Command<'join_room'> = async ({ services, caller, payload }) => {
  const { members, memberCount, joined, created } = await addMember(services, payload.room_id, caller.userId, false);
  return {
    status: 'success',
    room_id: payload.room_id,
    message: created ? 'The room is new, and you are its first member.' : joined ? 'You joined the room.' : 'You are a member already.',
    members: members.map((member) => userIdToWire(member.userId)),
    member_count: memberCount,
  };
};
