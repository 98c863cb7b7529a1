import type { Database } from 'better-sqlite3';
import { Refused } from './calls.ts';

export interface Access {
  /** Throws `room_not_found`. */
  requireRoom(roomId: string): void;
  /** Throws `room_not_found` or `not_member`. Returns the head of the room's stream when the user joined. */
  requireMember(roomId: string, userId: string): number;
  joinedSeq(roomId: string, userId: string): number | undefined;
}

export function createAccess(db: Database): Access {
  const room = db.prepare<[string], unknown>('SELECT 1 FROM rooms WHERE room_id = ?');
  const member = db.prepare<[string, string], { joined_seq: number }>(
    'SELECT joined_seq FROM room_members WHERE room_id = ? AND user_id = ?',
  );

  const requireRoom = (roomId: string): void => {
    if (room.get(roomId) === undefined) throw new Refused('room_not_found');
  };
  const joinedSeq = (roomId: string, userId: string): number | undefined => member.get(roomId, userId)?.joined_seq;

  return {
    requireRoom,
    joinedSeq,
    requireMember(roomId, userId) {
      const seq = joinedSeq(roomId, userId);
      if (seq !== undefined) return seq;
      requireRoom(roomId);
      throw new Refused('not_member');
    },
  };
}
