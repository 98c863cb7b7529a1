import type { Command } from './command.ts';

/** Its members get `room_deleted`, and nothing more of it. Refusals: `room_not_found`, `not_member`, `not_owner`. */
export const deleteRoom: Command<'delete_room'> = async ({ services, caller, payload }) => {
  const { store, members, onEvent } = services;
  const { room_id: roomId } = payload;
  await store.deleteRoom(roomId, caller.isApplication ? undefined : caller.userId, () => {
    members.deleted({ roomId });
    onEvent({ type: 'room_deleted', roomId });
  });
  return { status: 'success', room_id: roomId };
};
