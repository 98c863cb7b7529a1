import type { Database } from 'better-sqlite3';
import { type JoinRequest, type JoinResult, type Room, type RoomMember, timelineOf } from '../../../ports/store.ts';
import { Refused } from '../../outcome.ts';
import type { Writes } from '../thread/calls.ts';
import { createReadRoom } from './room-reads.ts';
import { textParameter } from './sqlite.ts';
import type { WriteContext } from './write-context.ts';

/** Each checks everything before it changes anything, so that a refusal fails its own call only. */
export function createRoomWrites(context: WriteContext): Pick<Writes, 'createRoom' | 'joinRoom' | 'leaveRoom' | 'deleteRoom'> {
  const { db, access } = context;
  const readRoom = createReadRoom(db);
  const requireFewRooms = createRequireFewRooms(context);
  const makeRoom = createMakeRoom(context);
  const removeRoom = createRemoveRoom(context);
  const roleOf = createRoleOf(db);

  return {
    createRoom(room) {
      if (readRoom(room.roomId) !== undefined) throw new Refused('room_exists');
      requireFewRooms(room.createdBy);
      return { ...room, memberCount: 1, joinedSeq: makeRoom(room) };
    },
    joinRoom: createJoinRoom(context, requireFewRooms, makeRoom),
    leaveRoom: createLeaveRoom(context, removeRoom),
    deleteRoom(roomId, userId) {
      if (userId !== undefined) {
        access.requireMember(roomId, userId);
        if (roleOf(roomId, userId) !== 'owner') throw new Refused('not_owner');
      }
      const room = readRoom(roomId);
      if (room === undefined) throw new Refused('room_not_found');
      removeRoom(room);
    },
  };
}

function createRequireFewRooms({ db, limits }: WriteContext): (userId: string) => void {
  const count = db.prepare<[string], { count: number }>('SELECT count(*) AS count FROM room_members WHERE user_id = ?');
  return (userId) => {
    if ((count.get(userId)?.count ?? 0) >= limits.roomsPerUserMax) throw new Refused('too_many_rooms');
  };
}

/** Returns from where on the new member reads: what a deleted room of this name left is not for it. */
function createAddMember({ db, streams, firstMembers }: WriteContext): (roomId: string, member: RoomMember) => number {
  const insert = db.prepare<[string, string, number, string, number]>(
    'INSERT INTO room_members (room_id, user_id, joined_at, role, joined_seq) VALUES (?, ?, ?, ?, ?)',
  );
  const count = db.prepare<[string]>('UPDATE rooms SET member_count = member_count + 1 WHERE room_id = ?');

  return (roomId, { userId, role, joinedAtMs }) => {
    const joinedSeq = streams.get(timelineOf(roomId)).lastSeq;
    insert.run(roomId, userId, joinedAtMs, role, joinedSeq);
    count.run(roomId);
    firstMembers.joined(roomId);
    return joinedSeq;
  };
}

/** With its creator as owner. Returns from where on the creator reads. */
function createMakeRoom(context: WriteContext): (room: Room) => number {
  const { db, counters } = context;
  const addMember = createAddMember(context);
  const insert = db.prepare<[string, string, string, number, number, number]>(
    'INSERT INTO rooms (room_id, room_name, created_by, created_at, is_private, max_members) VALUES (?, ?, ?, ?, ?, ?)',
  );

  return (room) => {
    insert.run(room.roomId, room.name, room.createdBy, room.createdAtMs, room.isPrivate ? 1 : 0, room.maxMembers);
    counters.add('rooms', 1);
    if (room.isPrivate) counters.add('private_rooms', 1);
    return addMember(room.roomId, { userId: room.createdBy, role: 'owner', joinedAtMs: room.createdAtMs });
  };
}

function createJoinRoom(
  context: WriteContext,
  requireFewRooms: (userId: string) => void,
  makeRoom: (room: Room) => number,
): Writes['joinRoom'] {
  const { db, access, firstMembers } = context;
  const readRoom = createReadRoom(db);
  const addMember = createAddMember(context);

  const join = ({ roomId, userId, nowMs, create, invited }: JoinRequest): Pick<JoinResult, 'joined' | 'created' | 'joinedSeq'> => {
    const earlierSeq = access.joinedSeq(roomId, userId);
    if (earlierSeq !== undefined) return { joined: false, created: false, joinedSeq: earlierSeq };
    const room = readRoom(roomId);
    if (room === undefined && create === false) throw new Refused('room_not_found');
    if (room?.isPrivate && !invited) throw new Refused(create === false ? 'room_not_found' : 'room_private');
    if (room !== undefined && room.memberCount >= room.maxMembers) throw new Refused('room_full');
    requireFewRooms(userId);
    if (room === undefined) {
      const { maxMembers } = create || { maxMembers: 0 };
      const joinedSeq = makeRoom({ roomId, name: roomId, createdBy: userId, createdAtMs: nowMs, isPrivate: false, maxMembers });
      return { joined: true, created: true, joinedSeq };
    }
    const role = room.memberCount === 0 ? 'owner' : 'member';
    return { joined: true, created: false, joinedSeq: addMember(roomId, { userId, role, joinedAtMs: nowMs }) };
  };

  return (request) => {
    const outcome = join(request);
    const found = readRoom(request.roomId);
    if (found === undefined) throw new Error('a room that was joined is not there');
    const { memberCount, ...room } = found;
    return { room, memberCount, members: firstMembers.of(request.roomId), ...outcome };
  };
}

function createLeaveRoom({ db, access, firstMembers }: WriteContext, removeRoom: (room: Room) => void): Writes['leaveRoom'] {
  const readRoom = createReadRoom(db);
  const roleOf = createRoleOf(db);
  const remove = db.prepare<[string, string]>('DELETE FROM room_members WHERE room_id = ? AND user_id = ?');
  const removeCursors = db.prepare<[string, string]>('DELETE FROM cursors WHERE user_id = ? AND stream = ?');
  const count = db.prepare<[string]>('UPDATE rooms SET member_count = member_count - 1 WHERE room_id = ?');
  const promoteFirst = db.prepare<[string]>(`
    UPDATE room_members SET role = 'owner'
    WHERE ordinal = (SELECT ordinal FROM room_members WHERE room_id = ${textParameter} ORDER BY ordinal LIMIT 1)`);

  return (roomId, userId) => {
    access.requireMember(roomId, userId);
    const wasOwner = roleOf(roomId, userId) === 'owner';
    remove.run(roomId, userId);
    removeCursors.run(userId, timelineOf(roomId));
    count.run(roomId);
    if (wasOwner) promoteFirst.run(roomId);
    firstMembers.changed(roomId);
    const room = readRoom(roomId);
    if (room === undefined) throw new Error('a room that was left is not there');
    const deleted = room.isPrivate && room.memberCount === 0;
    if (deleted) removeRoom(room);
    return { memberCount: room.memberCount, deleted };
  };
}

/** What its stream holds is out of the log at once, and removed by `expire`, as are its members' cursors. */
function createRemoveRoom({ db, streams, counters, firstMembers }: WriteContext): (room: Room) => void {
  const removeMembers = db.prepare<[string]>('DELETE FROM room_members WHERE room_id = ?');
  const remove = db.prepare<[string]>('DELETE FROM rooms WHERE room_id = ?');
  const purge = db.prepare<[string]>('INSERT INTO deleted_streams (stream) VALUES (?) ON CONFLICT DO NOTHING');

  return ({ roomId, isPrivate }) => {
    const stream = timelineOf(roomId);
    const state = streams.get(stream);
    removeMembers.run(roomId);
    remove.run(roomId);
    firstMembers.changed(roomId);
    streams.set(stream, { ...state, trimmedSeq: state.lastSeq });
    purge.run(stream);
    counters.add('rooms', -1);
    if (isPrivate) counters.add('private_rooms', -1);
  };
}

function createRoleOf(db: Database): (roomId: string, userId: string) => RoomMember['role'] | undefined {
  const select = db.prepare<[string, string], { role: RoomMember['role'] }>(
    'SELECT role FROM room_members WHERE room_id = ? AND user_id = ?',
  );
  return (roomId, userId) => select.get(roomId, userId)?.role;
}
