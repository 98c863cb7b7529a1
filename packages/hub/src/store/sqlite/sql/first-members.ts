/**
 * The first members of rooms that are joined in one batch of writes. When a crowd joins one room they are read once, and since all
 * results share one list, they cross threads once.
 */
import type { Database } from 'better-sqlite3';
import { membersToldMax, type RoomMember } from '../../../ports/store.ts';
import { createMembersAfter } from './room-reads.ts';

export class FirstMembers {
  readonly #membersAfter: ReturnType<typeof createMembersAfter>;
  readonly #known = new Map<string, readonly RoomMember[]>();

  constructor(db: Database) {
    this.#membersAfter = createMembersAfter(db);
  }

  of(roomId: string): readonly RoomMember[] {
    const members = this.#known.get(roomId) ?? this.#membersAfter(roomId, 0, membersToldMax);
    this.#known.set(roomId, members);
    return members;
  }

  /** Somebody joined: a list that is full stays as it is. */
  joined(roomId: string): void {
    const known = this.#known.get(roomId);
    if (known !== undefined && known.length < membersToldMax) this.#known.delete(roomId);
  }

  /** Somebody left, or the room is gone. */
  changed(roomId: string): void {
    this.#known.delete(roomId);
  }

  /** The batch is over, whether it was committed or not. */
  forget(): void {
    this.#known.clear();
  }
}
