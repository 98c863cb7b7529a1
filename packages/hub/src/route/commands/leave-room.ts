import { timelineOf } from '../../ports/store.ts';
import type { Services } from '../services.ts';
import type { Command } from './command.ts';

/** Ends what a user who is no longer a member reads and watches of a room. */
export function unfollowRoom({ directory, streams, watches }: Services, userId: string, roomId: string): void {
  const stream = timelineOf(roomId);
  directory.leaveRoom(userId, roomId);
  for (const session of directory.sessionsOf(userId)) {
    streams.close(stream, session.reader);
    session.reader.unfollow(stream);
    watches.unwatch(session, [stream]);
  }
}

/** Ends a membership: the user gets nothing more of the room. Refusals: `room_not_found`, `not_member`. */
export const leaveRoom: Command<'leave_room'> = async ({ services, caller, payload }) => {
  const { store, memberNotices, onEvent } = services;
  const { room_id: roomId } = payload;
  const { userId } = caller;
  await store.leaveRoom(roomId, userId, ({ memberCount, deleted }) => {
    unfollowRoom(services, userId, roomId);
    if (deleted) memberNotices.forget(roomId);
    else memberNotices.left(roomId, userId, memberCount);
    onEvent({ type: 'user_left', roomId, userId });
  });
  return { status: 'success', room_id: roomId, message: 'You left the room.' };
};
