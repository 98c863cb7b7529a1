import type { Command } from './command.ts';

/** Ends a membership: the user gets nothing more of the room. Refusals: `room_not_found`, `not_member`. */
export const leaveRoom: Command<'leave_room'> = async ({ services, caller, payload }) => {
  const { store, members, onEvent } = services;
  const { room_id: roomId } = payload;
  const { userId } = caller;
  await store.leaveRoom(roomId, userId, ({ memberCount, membersVersion, leftSeq }) => {
    members.left({ roomId, userId, memberCount, membersVersion, leftSeq });
    onEvent({ type: 'user_left', roomId, userId });
  });
  return { status: 'success', room_id: roomId, message: 'You left the room.' };
};
