/**
 * All open connections of this node: those that have not registered yet, and the sessions of each user,
 * whose number is limited. A user has one record, from its first session to its last one, which also
 * holds the rooms of the user (`Memberships` in `route/services.ts`).
 */
import type { Connection } from '../ports/connection.ts';
import type { Session } from '../ports/session.ts';
import type { PoolStats } from '../ports/stats.ts';
import type { ReaderId } from '../ports/store.ts';

/** Most users have one session and no room, for which sets of their own would take 200 bytes each. */
interface UserRecord {
  sessions: readonly Session[];
  /** The devices of registrations that are not finished; they count, so that a burst can't pass the limit. */
  opening: readonly string[];
  /** The rooms of which the user is a member, if any. */
  rooms: Set<string> | undefined;
}

export class ConnectionPool {
  readonly #maxPerUser: number;
  /** Open connections that have not registered. */
  readonly #unregistered = new Set<Connection>();
  readonly #users = new Map<string, UserRecord>();
  #registered = 0;
  #refused = 0;

  constructor(maxPerUser: number) {
    this.#maxPerUser = maxPerUser;
  }

  open(connection: Connection): void {
    this.#unregistered.add(connection);
  }

  /** Whether one more connection of the user may register. */
  hasPlace(userId: string): boolean {
    const user = this.#users.get(userId);
    return user === undefined || user.sessions.length + user.opening.length < this.#maxPerUser;
  }

  countRefusal(): void {
    this.#refused += 1;
  }

  /** Reserves a place for a registration that begins. False if the user has none left. */
  reserve(reader: ReaderId): boolean {
    if (!this.hasPlace(reader.userId)) return false;
    const user = this.#users.get(reader.userId) ?? { sessions: none, opening: none, rooms: undefined };
    user.opening = [...user.opening, reader.deviceId];
    this.#users.set(reader.userId, user);
    return true;
  }

  /** Gives a reserved place back: the registration failed. */
  release(reader: ReaderId): void {
    const user = this.#users.get(reader.userId);
    if (user === undefined) return;
    user.opening = withoutOne(user.opening, reader.deviceId);
    this.#forgetIfEmpty(reader.userId, user);
  }

  /** Turns a reserved place into a session. */
  register(session: Session, rooms: Iterable<string>): void {
    const user = this.#users.get(session.userId);
    if (!user?.opening.includes(session.deviceId)) throw new Error('register without reserve');
    user.opening = withoutOne(user.opening, session.deviceId);
    user.sessions = [...user.sessions, session];
    for (const roomId of rooms) addRoom(user, roomId);
    this.#registered += 1;
    this.#unregistered.delete(session.connection);
  }

  /** Forgets a connection that has closed. */
  close(connection: Connection, session: Session | undefined): void {
    this.#unregistered.delete(connection);
    const user = session && this.#users.get(session.userId);
    if (session === undefined || !user?.sessions.includes(session)) return;
    user.sessions = withoutOne(user.sessions, session);
    this.#registered -= 1;
    this.#forgetIfEmpty(session.userId, user);
  }

  /** Whether the reader has a session, or a registration that is not finished. */
  isOpen({ userId, deviceId }: ReaderId): boolean {
    const user = this.#users.get(userId);
    return user !== undefined && (user.opening.includes(deviceId) || user.sessions.some((session) => session.deviceId === deviceId));
  }

  /** Whether a registration of the user is not finished. */
  isOpening(userId: string): boolean {
    return (this.#users.get(userId)?.opening.length ?? 0) > 0;
  }

  sessionsOf(userId: string): readonly Session[] {
    return this.#users.get(userId)?.sessions ?? none;
  }

  /** The rooms of a user who is here; empty otherwise. */
  roomsOf(userId: string): ReadonlySet<string> {
    return this.#users.get(userId)?.rooms ?? noRooms;
  }

  enterRoom(userId: string, roomId: string): void {
    const user = this.#users.get(userId);
    if (user !== undefined) addRoom(user, roomId);
  }

  leaveRoom(userId: string, roomId: string): void {
    const user = this.#users.get(userId);
    if (user?.rooms?.delete(roomId) && user.rooms.size === 0) user.rooms = undefined;
  }

  *sessions(): Iterable<Session> {
    for (const user of this.#users.values()) yield* user.sessions;
  }

  *users(): Iterable<string> {
    for (const [userId, user] of this.#users) if (user.sessions.length > 0) yield userId;
  }

  *connections(): Iterable<Connection> {
    yield* this.#unregistered;
    for (const session of this.sessions()) yield session.connection;
  }

  /** Connections that have not registered yet. */
  unregistered(): Iterable<Connection> {
    return this.#unregistered;
  }

  /** How many connections each of the counted users has, and of connections here that have not registered. */
  stats(connections: readonly number[] = Array.from(this.users(), (userId) => this.sessionsOf(userId).length)): PoolStats {
    const registered = connections.reduce((sum, count) => sum + count, 0);
    return {
      total: this.#unregistered.size + registered,
      registered,
      users: connections.length,
      averagePerUser: connections.length === 0 ? 0 : registered / connections.length,
      mostOfOneUser: connections.reduce((most, count) => Math.max(most, count), 0),
      maxPerUser: this.#maxPerUser,
      refused: this.#refused,
    };
  }

  #forgetIfEmpty(userId: string, user: UserRecord): void {
    if (user.sessions.length + user.opening.length === 0) this.#users.delete(userId);
  }
}

function withoutOne<T>(items: readonly T[], item: T): readonly T[] {
  const index = items.indexOf(item);
  return index === -1 ? items : items.toSpliced(index, 1);
}

function addRoom(user: UserRecord, roomId: string): void {
  user.rooms ??= new Set();
  user.rooms.add(roomId);
}

const none: readonly never[] = [];
const noRooms: ReadonlySet<string> = new Set();
