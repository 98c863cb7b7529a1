import { eventPacket } from '../../lib/event-packet.ts';
import { timelineOf } from '../../ports/store.ts';
import type { Command } from './command.ts';
import { unfollowRoom } from './leave-room.ts';

/** Its members get `room_deleted`, and nothing more of it. Refusals: `room_not_found`, `not_member`, `not_owner`. */
export const deleteRoom: Command<'delete_room'> = async ({ services, caller, payload }) => {
  const { store, streams, live, memberNotices, onEvent } = services;
  const { room_id: roomId } = payload;
  await store.deleteRoom(roomId, caller.isApplication ? undefined : caller.userId, () => {
    memberNotices.forget(roomId);
    live.toRoom(roomId, eventPacket('room_deleted', { room_id: roomId }));
    const members = new Set([...streams.readers(timelineOf(roomId))].map((reader) => reader.userId));
    for (const userId of members) unfollowRoom(services, userId, roomId);
    onEvent({ type: 'room_deleted', roomId });
  });
  return { status: 'success', room_id: roomId };
};
