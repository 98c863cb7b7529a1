import { type Room, type RoomSummary, timelineOf } from '../../ports/store.ts';
import type { Services } from '../services.ts';
import { roomView } from '../views.ts';
import type { Command } from './command.ts';

/** Creates a room with its creator as owner and member. Refusals: `room_exists`, `too_many_rooms`. */
export function makeRoom(services: Services, room: Omit<Room, 'createdAtMs'>): Promise<RoomSummary> {
  return services.store.createRoom({ ...room, createdAtMs: services.clock.now() }, ({ joinedSeq }) =>
    followRoom(services, room.createdBy, room.roomId, joinedSeq),
  );
}

/** Lets all connections of a new member read the room from `joinedSeq` on. */
export function followRoom({ directory, streams }: Services, userId: string, roomId: string, joinedSeq: number): void {
  directory.enterRoom(userId, roomId);
  const stream = timelineOf(roomId);
  for (const { reader } of directory.sessionsOf(userId)) {
    streams.follow(reader, { stream, cursor: joinedSeq, head: joinedSeq, written: joinedSeq });
  }
}

export const createRoom: Command<'create_room'> = async ({ services, caller, payload }) => {
  const room = await makeRoom(services, {
    roomId: payload.room_id ?? services.random.id(),
    name: payload.room_name,
    createdBy: caller.userId,
    isPrivate: payload.is_private ?? false,
    maxMembers: payload.max_members ?? services.limits.roomMembersDefault,
  });
  return { status: 'success', ...roomView(room) };
};
