/**
 * Asks the store who is a member, for a node that may not have heard of it. While the answer is on its way members may change; who did
 * change here is left out of what was read, since that may be older.
 */
import { HubError } from '@parley/protocol';
import type { Clock } from '../lib/clock.ts';
import type { RoomMembership, SharedStore } from '../ports/shared-store.ts';

type SharedReads = Pick<SharedStore, 'memberships' | 'membersVersions'>;

/** So many are asked for at once. */
const usersPerQuery = 5000;
/** After the store could not be asked. */
const retryMs = 1000;

export interface RoomCheck {
  /** Whether less is known of the room here. */
  isOutdated(roomId: string, version: number): boolean;
  readersOf(roomId: string): Iterable<string>;
  /** This reader is no member of the room. */
  onMissing(roomId: string, userId: string): void;
  /** The room's readers were compared with what the store had at this version, or later. */
  onRead(roomId: string, version: number): void;
}

type Rooms = ReadonlyMap<string, RoomMembership>;

export class MemberReads {
  readonly #store: SharedReads;
  readonly #clock: Clock;
  /** For each read that is under way, the users that have changed meanwhile. */
  readonly #underWay = new Set<Set<string>>();
  /** Rooms that are asked for together, at the end of the microtask. */
  #next: { readonly roomIds: Set<string>; readonly done: Promise<void> } | undefined;

  constructor(store: SharedReads, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** A change of the user's memberships was applied here. */
  changed(userId: string): void {
    for (const changed of this.#underWay) changed.add(userId);
  }

  /** Checks the readers of these rooms. While the store can't be asked it is asked again. */
  ofRooms(roomIds: readonly string[], check: RoomCheck): Promise<void> {
    this.#next ??= this.#begin(check);
    for (const roomId of roomIds) this.#next.roomIds.add(roomId);
    return this.#next.done;
  }

  /** Gives the rooms of each user to `apply`. Rejects if the store can't be asked. */
  async ofUsers(userIds: readonly string[], apply: (userId: string, rooms: Rooms) => void): Promise<void> {
    const asked = new Set(userIds);
    const changed = await this.#read(userIds, apply);
    const again = changed.filter((userId) => asked.has(userId));
    if (again.length > 0) await this.ofUsers(again, apply);
  }

  /** Does it until it succeeds, or is not wanted any more. */
  async surely(work: () => Promise<void>, isWanted: () => boolean): Promise<void> {
    while (isWanted()) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof HubError && error.code === 'shutting_down') return;
        await new Promise<void>((resolve) => void this.#clock.after(retryMs, resolve));
      }
    }
  }

  #begin(check: RoomCheck) {
    const roomIds = new Set<string>();
    const done = Promise.resolve().then(() => {
      this.#next = undefined;
      return this.surely(
        () => this.#checkRooms([...roomIds], check),
        () => true,
      );
    });
    return { roomIds, done };
  }

  async #checkRooms(roomIds: readonly string[], check: RoomCheck): Promise<void> {
    const versions = await this.#store.membersVersions(roomIds);
    const outdated = [...versions].filter(([roomId, version]) => check.isOutdated(roomId, version));
    const sure = new Map(outdated.map(([roomId]) => [roomId, new Set<string>()]));
    const unsureOf = (roomId: string): string[] => [...check.readersOf(roomId)].filter((userId) => !sure.get(roomId)?.has(userId));
    // Whoever begins to read a room meanwhile, or is heard to have joined it, may know less than was read.
    for (let unsure = usersOf(sure, unsureOf); unsure.length > 0; unsure = usersOf(sure, unsureOf)) {
      const changed = await this.#read(unsure, (userId, rooms) => {
        for (const [roomId, users] of sure) {
          if (!rooms.has(roomId)) check.onMissing(roomId, userId);
          users.add(userId);
        }
      });
      for (const userId of changed) for (const users of sure.values()) users.delete(userId);
    }
    for (const [roomId, version] of outdated) check.onRead(roomId, version);
  }

  /** Gives the rooms of those users to `apply` that have not changed since they were asked for. Returns all who changed meanwhile. */
  async #read(userIds: readonly string[], apply: (userId: string, rooms: Rooms) => void): Promise<readonly string[]> {
    const changed = new Set<string>();
    this.#underWay.add(changed);
    try {
      for (let from = 0; from < userIds.length; from += usersPerQuery) {
        const asked = userIds.slice(from, from + usersPerQuery);
        const found = Map.groupBy(await this.#store.memberships(asked), ({ userId }) => userId);
        for (const userId of asked) if (!changed.has(userId)) apply(userId, byRoom(found.get(userId) ?? []));
      }
    } finally {
      this.#underWay.delete(changed);
    }
    return [...changed];
  }
}

const usersOf = (rooms: ReadonlyMap<string, unknown>, ofRoom: (roomId: string) => string[]): string[] => [
  ...new Set([...rooms.keys()].flatMap(ofRoom)),
];

const byRoom = (memberships: readonly RoomMembership[]): Rooms => new Map(memberships.map((membership) => [membership.roomId, membership]));
