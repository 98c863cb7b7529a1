/**
 * All live connections of this node: those that have not registered yet, and the sessions of each user,
 * at most so many per user. One record for a user, made with the first session and gone with the last.
 */
import type { Connection } from '../ports/connection.ts';
import type { Session } from '../ports/session.ts';
import type { PoolStats } from '../ports/stats.ts';
import type { ReaderId } from '../ports/store.ts';

interface UserRecord {
  readonly sessions: Set<Session>;
  /** Registrations under way; they count, so that a burst can't pass the limit. */
  readonly opening: ReaderId[];
  /** The rooms of which the user is a member. */
  readonly rooms: Set<string>;
}

export class ConnectionPool {
  readonly #maxPerUser: number;
  /** Every open connection with the monotonic time by which it must have registered. */
  readonly #unregistered = new Map<Connection, number>();
  readonly #users = new Map<string, UserRecord>();
  #registered = 0;
  #refused = 0;

  constructor(maxPerUser: number) {
    this.#maxPerUser = maxPerUser;
  }

  open(connection: Connection, registerByMs: number): void {
    this.#unregistered.set(connection, registerByMs);
  }

  /** Takes a place for a registration under way. False, and counted, if the user has no place left. */
  reserve(reader: ReaderId): boolean {
    const user = this.#users.get(reader.userId) ?? { sessions: new Set(), opening: [], rooms: new Set() };
    if (user.sessions.size + user.opening.length >= this.#maxPerUser) {
      this.#refused += 1;
      return false;
    }
    user.opening.push(reader);
    this.#users.set(reader.userId, user);
    return true;
  }

  /** Gives the place of this very `reader` back: the registration failed. */
  release(reader: ReaderId): void {
    const user = this.#users.get(reader.userId);
    if (user === undefined || !remove(user.opening, reader)) return;
    this.#forgetIfEmpty(reader.userId, user);
  }

  /** Turns the place of this very `reader` into a session. */
  register(reader: ReaderId, session: Session, rooms: Iterable<string>): void {
    const user = this.#users.get(reader.userId);
    if (user === undefined || !remove(user.opening, reader)) throw new Error('register without reserve');
    user.sessions.add(session);
    for (const roomId of rooms) user.rooms.add(roomId);
    this.#registered += 1;
    this.#unregistered.delete(session.connection);
  }

  /** Forgets a connection that has closed. */
  close(connection: Connection, session: Session | undefined): void {
    this.#unregistered.delete(connection);
    const user = session && this.#users.get(session.userId);
    if (session === undefined || user === undefined || !user.sessions.delete(session)) return;
    this.#registered -= 1;
    this.#forgetIfEmpty(session.userId, user);
  }

  /** Whether the reader has a session, or a registration under way. */
  isOpen({ userId, deviceId }: ReaderId): boolean {
    const user = this.#users.get(userId);
    return user !== undefined && [...user.sessions, ...user.opening].some((other) => other.deviceId === deviceId);
  }

  sessionsOf(userId: string): ReadonlySet<Session> {
    return this.#users.get(userId)?.sessions ?? noSessions;
  }

  /** The rooms of a user who is here; empty otherwise. */
  roomsOf(userId: string): ReadonlySet<string> {
    return this.#users.get(userId)?.rooms ?? noRooms;
  }

  enterRoom(userId: string, roomId: string): void {
    this.#users.get(userId)?.rooms.add(roomId);
  }

  leaveRoom(userId: string, roomId: string): void {
    this.#users.get(userId)?.rooms.delete(roomId);
  }

  *sessions(): Iterable<Session> {
    for (const user of this.#users.values()) yield* user.sessions;
  }

  *users(): Iterable<string> {
    for (const [userId, user] of this.#users) if (user.sessions.size > 0) yield userId;
  }

  *connections(): Iterable<Connection> {
    yield* this.#unregistered.keys();
    for (const session of this.sessions()) yield session.connection;
  }

  /** Connections that have let their time to register pass. */
  overdue(nowMs: number): Connection[] {
    const overdue: Connection[] = [];
    for (const [connection, registerByMs] of this.#unregistered) {
      // They stand in the order in which they opened, so the first that has time left ends the search.
      if (registerByMs > nowMs) break;
      overdue.push(connection);
    }
    return overdue;
  }

  stats(): PoolStats {
    const counts = [...this.#users.values()].map((user) => user.sessions.size).filter((count) => count > 0);
    return {
      total: this.#unregistered.size + this.#registered,
      registered: this.#registered,
      users: counts.length,
      averagePerUser: counts.length === 0 ? 0 : this.#registered / counts.length,
      mostOfOneUser: counts.reduce((most, count) => Math.max(most, count), 0),
      maxPerUser: this.#maxPerUser,
      refused: this.#refused,
    };
  }

  #forgetIfEmpty(userId: string, user: UserRecord): void {
    if (user.sessions.size + user.opening.length === 0) this.#users.delete(userId);
  }
}

function remove<T>(items: T[], item: T): boolean {
  const index = items.indexOf(item);
  if (index >= 0) items.splice(index, 1);
  return index >= 0;
}

const noSessions: ReadonlySet<Session> = new Set();
const noRooms: ReadonlySet<string> = new Set();
