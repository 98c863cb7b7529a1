import { timelineOf } from '../../ports/store.ts';
import type { Services } from '../services.ts';
import { roomView } from '../views.ts';
import type { Command } from './command.ts';

/** Lets all connections of a new member read the room from `joinedSeq` on. */
export function followRoom({ directory, streams }: Services, userId: string, roomId: string, joinedSeq: number): void {
  directory.enterRoom(userId, roomId);
  const stream = timelineOf(roomId);
  for (const { reader } of directory.sessionsOf(userId)) {
    streams.follow(reader, { stream, cursor: joinedSeq, head: joinedSeq, written: joinedSeq });
  }
}

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
    ({ joinedSeq }) => followRoom(services, caller.userId, roomId, joinedSeq),
  );
  return { status: 'success', ...roomView(room) };
};
