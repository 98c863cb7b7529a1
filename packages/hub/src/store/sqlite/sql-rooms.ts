import type { Database } from 'better-sqlite3';
import { type Room, type RoomMember, type RoomSummary, timelineOf } from '../../ports/store.ts';
import { type Reads, Refused, type Writes } from './calls.ts';
import type { WriteContext } from './sql-append.ts';

interface RoomRow {
  readonly room_id: string;
  readonly room_name: string;
  readonly created_by: string;
  readonly created_at: number;
  readonly is_private: number;
  readonly max_members: number;
}

const roomColumns = 'room_id, room_name, created_by, created_at, is_private, max_members';

function toRoom(row: RoomRow): Room {
  return {
    roomId: row.room_id,
    name: row.room_name,
    createdBy: row.created_by,
    createdAtMs: row.created_at,
    isPrivate: row.is_private === 1,
    maxMembers: row.max_members,
  };
}

export function createRoomReads(db: Database): Pick<Reads, 'room' | 'rooms' | 'members'> {
  const summary = `SELECT ${roomColumns}, (SELECT count(*) FROM room_members AS m WHERE m.room_id = r.room_id) AS member_count FROM rooms AS r`;
  const one = db.prepare<[string], RoomRow & { member_count: number }>(`${summary} WHERE room_id = ?`);
  const all = db.prepare<[], RoomRow & { member_count: number }>(`${summary} ORDER BY ordinal`);
  const members = db.prepare<[string], RoomMember>(
    'SELECT user_id AS userId, role, joined_at AS joinedAtMs FROM room_members WHERE room_id = ? ORDER BY ordinal',
  );
  const toSummary = (row: RoomRow & { member_count: number }): RoomSummary => ({ ...toRoom(row), memberCount: row.member_count });

  return {
    room(roomId) {
      const row = one.get(roomId);
      return row === undefined ? undefined : toSummary(row);
    },
    rooms: () => all.all().map(toSummary),
    members: (roomId) => members.all(roomId),
  };
}

export function createRoomWrites(context: WriteContext): Pick<Writes, 'createRoom' | 'joinRoom' | 'leaveRoom'> {
  const { db, access } = context;
  const rooms = createRoomReads(db);
  const insertRoom = createInsertRoom(context);
  const removeMember = db.prepare<[string, string]>('DELETE FROM room_members WHERE room_id = ? AND user_id = ?');
  const removeCursors = db.prepare<[string, string]>('DELETE FROM cursors WHERE user_id = ? AND stream = ?');

  return {
    createRoom(room) {
      if (rooms.room(room.roomId) !== undefined) throw new Refused('room_exists');
      insertRoom(room);
      return { ...room, memberCount: 1 };
    },
    joinRoom: createJoinRoom(context, rooms, insertRoom),
    leaveRoom(roomId, userId) {
      access.requireMember(roomId, userId);
      removeMember.run(roomId, userId);
      removeCursors.run(userId, timelineOf(roomId));
    },
  };
}

function createInsertRoom({ db, counters }: WriteContext): (room: Room) => void {
  const insert = db.prepare<[string, string, string, number, number, number]>(
    `INSERT INTO rooms (${roomColumns}) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const insertOwner = db.prepare<[string, string, number]>(
    "INSERT INTO room_members (room_id, user_id, joined_at, role, joined_seq) VALUES (?, ?, ?, 'owner', 0)",
  );
  return (room) => {
    insert.run(room.roomId, room.name, room.createdBy, room.createdAtMs, room.isPrivate ? 1 : 0, room.maxMembers);
    insertOwner.run(room.roomId, room.createdBy, room.createdAtMs);
    counters.add('rooms', 1);
  };
}

function createJoinRoom(
  { db, streams, access }: WriteContext,
  rooms: ReturnType<typeof createRoomReads>,
  insertRoom: (room: Room) => void,
): Writes['joinRoom'] {
  const insertMember = db.prepare<[string, string, number, number]>(
    "INSERT INTO room_members (room_id, user_id, joined_at, role, joined_seq) VALUES (?, ?, ?, 'member', ?)",
  );

  return ({ roomId, userId, nowMs, create, invited }) => {
    const found = rooms.room(roomId);
    if (found === undefined) {
      if (create === false) throw new Refused('room_not_found');
      const room: Room = { roomId, name: roomId, createdBy: userId, createdAtMs: nowMs, isPrivate: false, maxMembers: create.maxMembers };
      insertRoom(room);
      return { room, members: rooms.members(roomId), joined: true, created: true, joinedSeq: 0 };
    }
    const { memberCount, ...room } = found;
    const earlierSeq = access.joinedSeq(roomId, userId);
    if (earlierSeq !== undefined) return { room, members: rooms.members(roomId), joined: false, created: false, joinedSeq: earlierSeq };
    if (room.isPrivate && !invited) throw new Refused('room_private');
    if (memberCount >= room.maxMembers) throw new Refused('room_full');
    const joinedSeq = streams.get(timelineOf(roomId)).lastSeq;
    insertMember.run(roomId, userId, nowMs, joinedSeq);
    return { room, members: rooms.members(roomId), joined: true, created: false, joinedSeq };
  };
}
