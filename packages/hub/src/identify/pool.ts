/**
 * All live connections of this node: those that have not registered yet, and the sessions of each user,
 * at most so many per user. One record for a user, made with the first session and gone with the last.
 */
import type { Connection } from '../ports/connection.ts';
import type { Session } from '../ports/session.ts';
import type { PoolStats } from '../ports/stats.ts';

interface UserRecord {
  readonly sessions: Set<Session>;
  /** Places taken by registrations under way; they count, so that a burst can't pass the limit. */
  reserved: number;
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
  reserve(userId: string): boolean {
    const user = this.#users.get(userId) ?? { sessions: new Set(), reserved: 0, rooms: new Set() };
    if (user.sessions.size + user.reserved >= this.#maxPerUser) {
      this.#refused += 1;
      return false;
    }
    user.reserved += 1;
    this.#users.set(userId, user);
    return true;
  }

  /** Gives a reserved place back: the registration failed. */
  release(userId: string): void {
    const user = this.#users.get(userId);
    if (user === undefined) return;
    user.reserved -= 1;
    this.#forgetIfEmpty(userId, user);
  }

  /** Turns a reserved place into a session. */
  register(session: Session, rooms: Iterable<string>): void {
    const user = this.#users.get(session.userId);
    if (user === undefined) throw new Error('register without reserve');
    user.reserved -= 1;
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
    if (user.sessions.size + user.reserved === 0) this.#users.delete(userId);
  }
}

const noSessions: ReadonlySet<Session> = new Set();
const noRooms: ReadonlySet<string> = new Set();
