import type { MembersPage, MembersQuery, RoomMember, RoomSummary, RoomsPage, RoomsQuery } from '../../ports/store.ts';
import { Refused } from '../outcome.ts';
import type { Sql } from './connection.ts';

const summaryColumns = `room_id AS "roomId", room_name AS name, created_by AS "createdBy", created_at AS "createdAtMs",
  is_private AS "isPrivate", max_members AS "maxMembers", member_count AS "memberCount"`;

export async function readRoom(sql: Sql, roomId: string): Promise<RoomSummary | undefined> {
  const rows = await sql.query<RoomSummary>({
    name: 'room',
    text: `SELECT ${summaryColumns} FROM rooms WHERE room_id = $1`,
    values: [roomId],
  });
  return rows[0];
}

/** Throws `not_member`, but `room_not_found` also for a private room, so that nobody learns of one. */
export async function requireMember(sql: Sql, roomId: string, userId: string): Promise<void> {
  const [row] = await sql.query<{ isMember: boolean; isPublic: boolean }>({
    name: 'require_member',
    text: `SELECT EXISTS (SELECT 1 FROM room_members WHERE room_id = $1 AND user_id = $2) AS "isMember",
      EXISTS (SELECT 1 FROM rooms WHERE room_id = $1 AND NOT is_private) AS "isPublic"`,
    values: [roomId, userId],
  });
  if (!row?.isMember) throw new Refused(row?.isPublic ? 'not_member' : 'room_not_found');
}

/** The rooms are counted by the nodes that made and deleted them. */
const countRooms = `(
  SELECT coalesce(sum(value), 0) FROM counters
  WHERE key IN ('public_rooms', 'private_rooms') AND ($3::boolean OR key = 'public_rooms')) AS count`;

/** Without private ones the pages are taken from their own index, so that many private rooms are not walked through. */
const pageOf = (isShown: string): string => `
  WITH start AS (SELECT CASE WHEN $1::text IS NULL THEN 0 ELSE (SELECT ordinal FROM rooms WHERE room_id = $1) END AS ordinal)
  SELECT start.ordinal AS start, ${countRooms},
    (SELECT json_agg(page ORDER BY "number") FROM (
      SELECT ordinal AS "number", ${summaryColumns} FROM rooms
      WHERE ${isShown} ordinal > (SELECT ordinal FROM start) ORDER BY ordinal LIMIT $2) AS page) AS rooms
  FROM start`;

type NumberedRoom = RoomSummary & { readonly number: number };

export async function readRooms(sql: Sql, { after, limit, includePrivate }: RoomsQuery): Promise<RoomsPage> {
  const [row] = await sql.query<{ start: number | null; count: number; rooms: readonly NumberedRoom[] | null }>({
    name: includePrivate ? 'all_rooms' : 'public_rooms',
    text: pageOf(includePrivate ? '' : 'NOT is_private AND'),
    values: [after ?? null, limit + 1, includePrivate],
  });
  if (row === undefined || row.start === null) throw new Refused('invalid_payload');
  const found = row.rooms ?? [];
  const rooms = found.slice(0, limit).map(({ number: _, ...room }) => room);
  return { rooms, count: row.count, hasMore: found.length > limit };
}

export async function readMembers(sql: Sql, { roomId, userId, after, limit }: MembersQuery): Promise<MembersPage> {
  if (userId !== undefined) await requireMember(sql, roomId, userId);
  const [row] = await sql.query<{ start: number | null; memberCount: number; members: readonly RoomMember[] | null }>({
    name: 'members',
    text: `
      WITH start AS (
        SELECT CASE WHEN $2::text IS NULL THEN 0 ELSE (SELECT ordinal FROM room_members WHERE room_id = $1 AND user_id = $2) END AS ordinal)
      SELECT start.ordinal AS start, member_count AS "memberCount",
        (SELECT json_agg(json_build_object('userId', user_id, 'role', role, 'joinedAtMs', joined_at) ORDER BY ordinal) FROM (
          SELECT * FROM room_members WHERE room_id = $1 AND ordinal > (SELECT ordinal FROM start) ORDER BY ordinal LIMIT $3) AS page
        ) AS members
      FROM rooms, start WHERE room_id = $1`,
    values: [roomId, after ?? null, limit + 1],
  });
  if (row === undefined) throw new Refused('room_not_found');
  if (row.start === null) throw new Refused('invalid_payload');
  const found = row.members ?? [];
  return { members: found.slice(0, limit), memberCount: row.memberCount, hasMore: found.length > limit };
}
