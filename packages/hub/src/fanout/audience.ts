/**
 * The members of rooms that are sent live events, for counting those who are connected elsewhere. Only a number depends on it, so it is cheap
 * rather than exact: a room's first members are read from the store, once for a while, and again when a change is heard of.
 */
import type { Clock } from '../lib/clock.ts';
import type { Store } from '../ports/store.ts';

/** Further members of a larger room are counted only if they are connected here. */
const membersMax = 1000;
const roomsMax = 1000;
/** Whatever happens, a room is read no more often than the first, and used no longer than the second. */
const restMs = 1000;
const usedMs = 10_000;

interface Known {
  readonly members: Promise<readonly string[]>;
  readonly readMs: number;
  isOutdated: boolean;
}

export class Audience {
  readonly #store: Pick<Store, 'members'>;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(store: Pick<Store, 'members'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Nobody if the store can't be asked. */
  membersOf(roomId: string): Promise<readonly string[]> {
    const known = this.#known.get(roomId);
    const nowMs = this.#clock.monotonic();
    if (known !== undefined && nowMs - known.readMs < (known.isOutdated ? restMs : usedMs)) return known.members;
    const read = this.#store.members({ roomId, userId: undefined, after: undefined, limit: membersMax });
    const members = read.then(
      (page) => page.members.map(({ userId }) => userId),
      () => [],
    );
    this.#known.delete(roomId);
    for (const [oldest] of this.#known) if (this.#known.size >= roomsMax) this.#known.delete(oldest);
    this.#known.set(roomId, { members, readMs: nowMs, isOutdated: false });
    return members;
  }

  /** The room's members have changed. */
  changed(roomId: string): void {
    const known = this.#known.get(roomId);
    if (known !== undefined) known.isOutdated = true;
  }
}
