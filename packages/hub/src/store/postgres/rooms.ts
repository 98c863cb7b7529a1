import type { ErrorCode } from '@parley/protocol';
import type { News, NodeId } from '../../ports/shared-store.ts';
import {
  type CreatedRoom,
  type JoinRequest,
  type JoinResult,
  type LeaveResult,
  membersToldMax,
  type Room,
  type StoreLimits,
} from '../../ports/store.ts';
import { Refused } from '../outcome.ts';
import type { Sql } from './connection.ts';

export interface Written<R> {
  readonly value: R;
  readonly news: readonly News[];
}

/** The writes of rooms, for the transaction of a lane. A refusal has changed nothing. They lock the row of the room's stream. */
export interface RoomWrites {
  createRoom(sql: Sql, room: Room): Promise<Written<CreatedRoom>>;
  joinRoom(sql: Sql, request: JoinRequest): Promise<Written<JoinResult>>;
  leaveRoom(sql: Sql, roomId: string, userId: string): Promise<Written<LeaveResult>>;
  deleteRoom(sql: Sql, roomId: string, userId: string | undefined): Promise<Written<void>>;
}

/** `node` counts rooms for itself. */
export function createRoomWrites({ roomsPerUserMax }: Pick<StoreLimits, 'roomsPerUserMax'>, node: () => NodeId): RoomWrites {
  return {
    async createRoom(sql, room) {
      const { roomId, name, createdBy, createdAtMs, isPrivate, maxMembers } = room;
      const { joinedSeq, membersVersion } = await call<{ joinedSeq: number; membersVersion: number }>(sql, 'create_room', [
        node(),
        roomId,
        name,
        createdBy,
        createdAtMs,
        isPrivate,
        maxMembers,
        roomsPerUserMax,
      ]);
      const memberCount = 1;
      return {
        value: { roomId, name, createdBy, createdAtMs, isPrivate, maxMembers, memberCount, joinedSeq, membersVersion },
        news: [{ kind: 'joined', roomId, userId: createdBy, joinedSeq, memberCount, membersVersion }],
      };
    },

    async joinRoom(sql, { roomId, userId, nowMs, create, invited }) {
      const makeMax = create === false ? null : create.maxMembers;
      const args = [node(), roomId, userId, nowMs, makeMax, invited, roomsPerUserMax, membersToldMax];
      const { membersVersion, ...value } = await call<JoinResult & { membersVersion: number | null }>(sql, 'join_room', args);
      const { joinedSeq, memberCount } = value;
      if (membersVersion === null) return { value, news: [] };
      return {
        value: { ...value, membersVersion },
        news: [{ kind: 'joined', roomId, userId, joinedSeq, memberCount, membersVersion }],
      };
    },

    async leaveRoom(sql, roomId, userId) {
      const { deletedVersion, ...left } = await call<Left>(sql, 'leave_room', [node(), roomId, userId]);
      const { memberCount, membersVersion, leftSeq } = left;
      const news: News = { kind: 'left', roomId, userId, memberCount, membersVersion, leftSeq };
      return deletedVersion === null
        ? { value: { ...left, deleted: false }, news: [news] }
        : { value: { ...left, deleted: true }, news: [news, { kind: 'deleted', roomId, membersVersion: deletedVersion }] };
    },

    async deleteRoom(sql, roomId, userId) {
      const { membersVersion } = await call<{ membersVersion: number }>(sql, 'delete_room', [node(), roomId, userId ?? null]);
      return { value: undefined, news: [{ kind: 'deleted', roomId, membersVersion }] };
    },
  };
}

interface Left {
  readonly memberCount: number;
  readonly membersVersion: number;
  readonly leftSeq: number;
  readonly deletedVersion: number | null;
}

/** Calls a function of `room-functions.ts`, which says why it refuses. */
async function call<R extends object>(sql: Sql, name: string, values: readonly unknown[]): Promise<R> {
  const parameters = values.map((_, index) => `$${index + 1}`).join(', ');
  const rows = await sql.query<{ result: R | { readonly refused: ErrorCode } }>({
    name,
    text: `SELECT parley_${name}(${parameters}) AS result`,
    values,
  });
  const [row] = rows;
  if (row === undefined) throw new Error(`the database answered nothing to ${name}`);
  if ('refused' in row.result) throw new Refused(row.result.refused);
  return row.result;
}
