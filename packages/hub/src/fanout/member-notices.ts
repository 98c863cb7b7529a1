/**
 * Tells the members of a room who joins and who leaves. In a room of up to `toldEachMax` members each change is told at once. In a larger
 * one the changes of a second are sent together, so that a crowd which joins costs each member one event a second:
 *
 *     quiet ──(a change)──► gathering ──(a second later: one event)──► quiet
 *
 * Whoever joins and leaves while changes are gathered is in neither list. At most `toldEachMax` ids of each kind are named, and
 * `member_count` counts everybody. Nothing is gathered for a room of which no member is connected here.
 */
import { limits, userIdToWire, type WireUserId } from '@parley/protocol';
import type { Clock } from '../lib/clock.ts';
import { eventPacket } from '../lib/event-packet.ts';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';

const toldEachMax = limits.membersToldMax;
const gatherMs = 1000;

type Change = 'joined' | 'left';

/** On this node: the others hear of the same changes. */
interface RoomEvents {
  toRoom(roomId: string, packet: OutgoingPacket, exceptUserId?: string): unknown;
  isHeardIn(roomId: string): boolean;
}

interface Gathered {
  /** The last change of each user, by id. */
  readonly changes: Map<string, Change>;
  memberCount: number;
}

export class MemberNotices {
  readonly #live: RoomEvents;
  readonly #clock: Clock;
  /** Rooms that are being gathered for. */
  readonly #gathered = new Map<string, Gathered>();

  constructor(live: RoomEvents, clock: Clock) {
    this.#live = live;
    this.#clock = clock;
  }

  /** The room has so many members now. */
  joined(roomId: string, userId: string, memberCount: number): void {
    this.#changed('joined', roomId, userId, memberCount);
  }

  left(roomId: string, userId: string, memberCount: number): void {
    this.#changed('left', roomId, userId, memberCount);
  }

  /** The room is gone. */
  forget(roomId: string): void {
    this.#gathered.delete(roomId);
  }

  #changed(change: Change, roomId: string, userId: string, memberCount: number): void {
    const gathered = this.#gathered.get(roomId);
    if (!this.#live.isHeardIn(roomId)) {
      this.forget(roomId);
    } else if (gathered !== undefined) {
      gather(gathered, change, userId);
      gathered.memberCount = memberCount;
    } else if (memberCount <= toldEachMax) {
      const packet = eventPacket(change === 'joined' ? 'user_joined' : 'user_left', { room_id: roomId, user_id: userIdToWire(userId) });
      this.#live.toRoom(roomId, packet, userId);
    } else {
      const first: Gathered = { changes: new Map(), memberCount };
      gather(first, change, userId);
      this.#gathered.set(roomId, first);
      this.#clock.after(gatherMs, () => this.#tell(roomId, first));
    }
  }

  #tell(roomId: string, gathered: Gathered): void {
    if (this.#gathered.get(roomId) !== gathered) return;
    this.#gathered.delete(roomId);
    if (gathered.changes.size === 0) return;
    const packet = eventPacket('members_changed', {
      room_id: roomId,
      joined: toldOf(gathered, 'joined'),
      left: toldOf(gathered, 'left'),
      member_count: gathered.memberCount,
    });
    this.#live.toRoom(roomId, packet);
  }
}

function gather({ changes }: Gathered, change: Change, userId: string): void {
  const earlier = changes.get(userId);
  if (earlier === undefined) changes.set(userId, change);
  else if (earlier !== change) changes.delete(userId);
}

function toldOf({ changes }: Gathered, change: Change): WireUserId[] {
  const told: WireUserId[] = [];
  for (const [userId, itsChange] of changes) {
    if (told.length === toldEachMax) break;
    if (itsChange === change) told.push(userIdToWire(userId));
  }
  return told;
}
