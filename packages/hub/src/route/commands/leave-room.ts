import { userIdToWire } from '@parley/protocol';
import { timelineOf } from '../../ports/store.ts';
import type { Services } from '../services.ts';
import type { Command } from './command.ts';

/** Ends a membership: the user gets nothing more of the room. Refusals: `room_not_found`, `not_member`. */
export async function removeMember(services: Services, roomId: string, userId: string): Promise<void> {
  const { store, directory, streams, watches, encode } = services;
  await store.leaveRoom(roomId, userId, () => {
    const stream = timelineOf(roomId);
    directory.leaveRoom(userId, roomId);
    for (const session of directory.sessionsOf(userId)) {
      streams.close(stream, session.reader);
      session.reader.unfollow(stream);
      watches.unwatch(session, stream);
    }
    const packet = encode('user_left', { room_id: roomId, user_id: userIdToWire(userId) });
    for (const reader of streams.readers(stream)) reader.live(packet);
    services.onEvent({ type: 'user_left', roomId, userId });
  });
}

export const leaveRoom: Command<'leave_room'> = async ({ services, caller, payload }) => {
  await removeMember(services, payload.room_id, caller.userId);
  return { status: 'success', room_id: payload.room_id, message: 'You left the room.' };
};
