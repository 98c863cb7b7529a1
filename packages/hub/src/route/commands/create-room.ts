import { roomView } from '../views.ts';
import type { Command } from './command.ts';

/** Its creator is owner and member. Refusals: `room_exists`, `too_many_rooms`. */
export const createRoom: Command<'create_room'> = async ({ services, caller, payload }) => {
  const roomId = payload.room_id ?? services.random.id();
  const room = await services.store.createRoom(
    {
      roomId,
      name: payload.room_name,
      createdBy: caller.userId,
      createdAtMs: services.clock.now(),
      isPrivate: payload.is_private ?? false,
      maxMembers: payload.max_members ?? services.limits.roomMembersDefault,
    },
    // There is nobody to tell.
    ({ joinedSeq, membersVersion }) =>
      services.members.joined({ roomId, userId: caller.userId, joinedSeq, memberCount: undefined, membersVersion }),
  );
  return { status: 'success', ...roomView(room) };
};
