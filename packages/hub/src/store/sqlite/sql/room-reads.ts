import type { Database } from 'better-sqlite3';
import type { RoomMember, RoomSummary } from '../../../ports/store.ts';
import { Refused } from '../../outcome.ts';
import type { Reads } from '../thread/calls.ts';
import { type Access, createAccess } from './access.ts';
import { Counters } from './counters.ts';
import { textParameter } from './sqlite.ts';

interface RoomRow {
  readonly room_id: string;
  readonly room_name: string;
  readonly created_by: string;
  readonly created_at: number;
  readonly is_private: number;
  readonly max_members: number;
  readonly member_count: number;
}

const roomColumns = 'room_id, room_name, created_by, created_at, is_private, max_members, member_count';

function toSummary(row: RoomRow): RoomSummary {
  return {
    roomId: row.room_id,
    name: row.room_name,
    createdBy: row.created_by,
    createdAtMs: row.created_at,
    isPrivate: row.is_private === 1,
    maxMembers: row.max_members,
    memberCount: row.member_count,
  };
}

export function createRoomReads(db: Database): Pick<Reads, 'room' | 'rooms' | 'members'> {
  const room = createReadRoom(db);
  return { room, rooms: createReadRooms(db), members: createReadMembers(db, createAccess(db), room) };
}

export function createReadRoom(db: Database): Reads['room'] {
  const select = db.prepare<[string], RoomRow>(`SELECT ${roomColumns} FROM rooms WHERE room_id = ?`);
  return (roomId) => {
    const row = select.get(roomId);
    return row === undefined ? undefined : toSummary(row);
  };
}

function createReadRooms(db: Database): Reads['rooms'] {
  const ordinalOf = db.prepare<[string], { ordinal: number }>('SELECT ordinal FROM rooms WHERE room_id = ?');
  const select = (condition: string) =>
    db.prepare<[number, number], RoomRow>(
      `SELECT ${roomColumns} FROM rooms WHERE ${condition} ordinal > CAST(? AS INTEGER) ORDER BY ordinal LIMIT CAST(? AS INTEGER)`,
    );
  const all = select('');
  const publicOnes = select('is_private = 0 AND');

  return ({ after, limit, includePrivate }) => {
    const start = after === undefined ? 0 : ordinalOf.get(after)?.ordinal;
    if (start === undefined) throw new Refused('invalid_payload');
    const counters = new Counters(db);
    const rows = (includePrivate ? all : publicOnes).all(start, limit + 1);
    const count = counters.get('rooms') - (includePrivate ? 0 : counters.get('private_rooms'));
    return { rooms: rows.slice(0, limit).map(toSummary), count, hasMore: rows.length > limit };
  };
}

/** So many members in the order in which they joined, from the one after `ordinal` on. */
export function createMembersAfter(db: Database): (roomId: string, ordinal: number, limit: number) => RoomMember[] {
  const select = db.prepare<[string, number, number], RoomMember>(`
    SELECT user_id AS userId, role, joined_at AS joinedAtMs
    FROM room_members WHERE room_id = ${textParameter} AND ordinal > CAST(? AS INTEGER) ORDER BY ordinal LIMIT CAST(? AS INTEGER)`);
  return (roomId, ordinal, limit) => select.all(roomId, ordinal, limit);
}

function createReadMembers(db: Database, access: Access, room: Reads['room']): Reads['members'] {
  const ordinalOf = db.prepare<[string, string], { ordinal: number }>('SELECT ordinal FROM room_members WHERE room_id = ? AND user_id = ?');
  const membersAfter = createMembersAfter(db);

  return ({ roomId, userId, after, limit }) => {
    if (userId !== undefined) access.requireMember(roomId, userId);
    const found = room(roomId);
    if (found === undefined) throw new Refused('room_not_found');
    const start = after === undefined ? 0 : ordinalOf.get(roomId, after)?.ordinal;
    if (start === undefined) throw new Refused('invalid_payload');
    const members = membersAfter(roomId, start, limit + 1);
    return { members: members.slice(0, limit), memberCount: found.memberCount, hasMore: members.length > limit };
  };
}
