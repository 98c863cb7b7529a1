import type { Database } from 'better-sqlite3';
import { Refused } from '../../outcome.ts';

export interface Access {
  /** Throws `room_not_found`. */
  requireRoom(roomId: string): void;
  /**
   * Returns the head of the room's stream when the user joined. Throws `not_member`, but `room_not_found` also for a private room, so
   * that nobody learns of one.
   */
  requireMember(roomId: string, userId: string): number;
  joinedSeq(roomId: string, userId: string): number | undefined;
}

export function createAccess(db: Database): Access {
  const room = db.prepare<[string], { is_private: number }>('SELECT is_private FROM rooms WHERE room_id = ?');
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
      throw new Refused(room.get(roomId)?.is_private === 0 ? 'not_member' : 'room_not_found');
    },
  };
}
