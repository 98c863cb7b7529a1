/**
 * Tells the members of a room who joins and who leaves. In a room of up to `toldEachMax` members each change is told at once. In a larger
 * one the changes of a second are told together, so that a crowd which joins costs each member one event a second:
 *
 *     quiet ──(a change)──► gathering ──(a second later)──► told ──► quiet
 *
 * Whoever joins and leaves while changes are gathered is in neither list. At most `toldEachMax` ids of each kind are gathered and told;
 * `member_count` is right whatever was left out.
 */
import { limits, userIdToWire } from '@parley/protocol';
import type { Clock } from '../lib/clock.ts';
import { eventPacket } from '../lib/event-packet.ts';
import type { LiveEvents } from './live.ts';

const toldEachMax = limits.membersToldMax;
const gatherMs = 1000;

interface Gathered {
  readonly joined: Set<string>;
  readonly left: Set<string>;
  memberCount: number;
}

export class MemberNotices {
  readonly #live: LiveEvents;
  readonly #clock: Clock;
  /** Rooms that are being gathered for. */
  readonly #gathered = new Map<string, Gathered>();

  constructor(live: LiveEvents, clock: Clock) {
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

  /** Nobody is left to be told. */
  forget(roomId: string): void {
    this.#gathered.delete(roomId);
  }

  #changed(change: 'joined' | 'left', roomId: string, userId: string, memberCount: number): void {
    const gathered = this.#gathered.get(roomId);
    if (gathered !== undefined) {
      gather(gathered, change, userId, memberCount);
    } else if (memberCount <= toldEachMax) {
      const packet = eventPacket(change === 'joined' ? 'user_joined' : 'user_left', { room_id: roomId, user_id: userIdToWire(userId) });
      this.#live.toRoom(roomId, packet, userId);
    } else {
      const first: Gathered = { joined: new Set(), left: new Set(), memberCount };
      gather(first, change, userId, memberCount);
      this.#gathered.set(roomId, first);
      this.#clock.after(gatherMs, () => this.#tell(roomId, first));
    }
  }

  #tell(roomId: string, gathered: Gathered): void {
    if (this.#gathered.get(roomId) !== gathered) return;
    this.#gathered.delete(roomId);
    const { joined, left, memberCount } = gathered;
    if (joined.size + left.size === 0) return;
    const packet = eventPacket('members_changed', {
      room_id: roomId,
      joined: [...joined].map(userIdToWire),
      left: [...left].map(userIdToWire),
      member_count: memberCount,
    });
    this.#live.toRoom(roomId, packet);
  }
}

function gather(gathered: Gathered, change: 'joined' | 'left', userId: string, memberCount: number): void {
  const [changed, opposite] = change === 'joined' ? [gathered.joined, gathered.left] : [gathered.left, gathered.joined];
  gathered.memberCount = memberCount;
  if (!opposite.delete(userId) && changed.size < toldEachMax) changed.add(userId);
}
