import { userIdToWire } from '@parley/protocol';
import type { JoinRequest, JoinResult } from '../../ports/store.ts';
import type { Command } from './command.ts';

/**
 * Joining twice is success, and sends no event. The application can add any user, to private rooms too.
 * Refusals: `room_not_found`, `room_private`, `room_full`, `too_many_rooms`.
 */
export const joinRoom: Command<'join_room'> = async ({ services, caller, payload }) => {
  const { store, members, limits, clock, onEvent } = services;
  const { room_id: roomId } = payload;
  const { userId } = caller;
  const create = limits.roomsCreateOnJoin ? { maxMembers: limits.roomMembersDefault } : false;
  const request: JoinRequest = { roomId, userId, nowMs: clock.now(), create, invited: caller.isApplication === true };
  const result = await store.joinRoom(request, ({ joined, joinedSeq, memberCount, membersVersion }) => {
    if (!joined) return;
    members.joined({ roomId, userId, joinedSeq, memberCount, membersVersion });
    onEvent({ type: 'user_joined', roomId, userId });
  });
  return {
    status: 'success',
    room_id: roomId,
    message: messageOf(result),
    members: result.members.map((member) => userIdToWire(member.userId)),
    member_count: result.memberCount,
  };
};

function messageOf({ created, joined }: JoinResult): string {
  if (created) return 'The room is new, and you are its first member.';
  return joined ? 'You joined the room.' : 'You are a member already.';
}
