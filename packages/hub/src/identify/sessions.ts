/**
 * Turns connections into sessions and back.
 *
 *     register: reserve a place ─► open the reader in the store ─► (in commit order) announce, join the streams, appear
 *     close:    leave the streams ─► disappear ─► (until the store has it) remember what was written without proof
 *
 * Joining the streams happens inside the store's ordered callback, so no message falls between
 * what the store reported and what is published live.
 */
import { type ErrorCode, HubError } from '@parley/protocol';
import type { Clock } from '../lib/clock.ts';
import type { Connection } from '../ports/connection.ts';
import type { AckMode, Reader, Session } from '../ports/session.ts';
import {
  inboxOf,
  type ReaderId,
  type ReaderStream,
  type Store,
  type StreamId,
  type StreamPosition,
  timelineOf,
  type UserState,
} from '../ports/store.ts';
import type { ConnectionPool } from './pool.ts';

export interface SessionPorts {
  readonly store: Pick<Store, 'openReader' | 'closeReader' | 'states' | 'saveStates'>;
  readonly clock: Clock;
  readonly pool: ConnectionPool;
  readonly makeReader: (connection: Connection, reader: ReaderId, ackMode: AckMode) => Reader;
  readonly follow: (reader: Reader, stream: ReaderStream) => void;
  readonly leave: (reader: Reader, stream: StreamId) => void;
  readonly onArrive: (session: Session, stored: UserState | undefined) => void;
  /** Returns what to remember of the user if this was its last session. */
  readonly onDepart: (session: Session) => UserState | undefined;
}

export interface Registration extends ReaderId {
  readonly ackMode: AckMode;
}

/** What a client is told of its registration. */
export interface Registered {
  readonly rooms: readonly string[];
  readonly queued: number;
  readonly missed: number;
}

/** Whoever registers: the connection's conversation. */
export interface RegisteringParty {
  isOpen(): boolean;
  /** The session exists; nothing has been delivered to it yet. */
  onSession(session: Session, registered: Registered): void;
}

/** A closing that the store does not know of yet. */
interface Closing extends ReaderId {
  readonly written: readonly StreamPosition[];
}

/** After the store refused for the moment. */
const retryMs = 1000;

export class Sessions {
  readonly #ports: SessionPorts;
  /** Registrations whose reader the store is opening. */
  readonly #opening = new Set<ReaderId>();
  readonly #closing = new Set<Closing>();
  /** What is being written; `settle` waits for it. */
  readonly #writes = new Set<Promise<void>>();
  #isSettling = false;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
  }

  /** Registers a connection. Makes no session if it closed meanwhile. Refusal: `connection_limit`; and those of the store. */
  async register(connection: Connection, registration: Registration, party: RegisteringParty): Promise<void> {
    const { pool, store, clock } = this.#ports;
    if (!pool.reserve(registration.userId)) throw new HubError('connection_limit');
    let begun = false;
    try {
      const [stored] = await store.states([registration.userId]);
      this.#opening.add(registration);
      await store.openReader(registration, clock.now(), (streams) => {
        this.#opening.delete(registration);
        if (!party.isOpen()) return;
        begun = true;
        this.#begin(connection, registration, streams, stored, party);
      });
    } finally {
      this.#opening.delete(registration);
      if (!begun) pool.release(registration.userId);
    }
    if (!begun) this.#track(this.#remember({ ...registration, written: [] }));
  }

  close(session: Session): void {
    const { pool, store } = this.#ports;
    const { userId, deviceId, reader } = session;
    reader.close();
    this.#ports.leave(reader, inboxOf(userId));
    for (const roomId of pool.roomsOf(userId)) this.#ports.leave(reader, timelineOf(roomId));
    // Told while the pool still knows the user's rooms, whose watchers hear of it.
    const state = this.#ports.onDepart(session);
    pool.close(session.connection, session);
    this.#track(this.#remember({ userId, deviceId, written: reader.unproved() }));
    // A failure costs at most a time of last seen.
    if (state !== undefined) this.#track(store.saveStates([state]));
  }

  /** Resolves when all closings so far were written. */
  async settle(): Promise<void> {
    this.#isSettling = true;
    await Promise.all(this.#writes);
  }

  #begin(
    connection: Connection,
    registration: Registration,
    streams: readonly ReaderStream[],
    stored: UserState | undefined,
    party: RegisteringParty,
  ): void {
    const { pool } = this.#ports;
    const reader = this.#ports.makeReader(connection, registration, registration.ackMode);
    const session: Session = { ...registration, connection, reader };
    const unproved = this.#unprovedOfOthers(registration);
    pool.register(session, roomsOf(streams));
    party.onSession(session, summary(streams));
    for (const stream of streams) {
      const written = Math.max(stream.written, unproved.get(stream.stream) ?? 0);
      this.#ports.follow(reader, { ...stream, written });
    }
    this.#ports.onArrive(session, stored);
  }

  /** What other connections of the same reader were sent and have not proved: this one gets it too, marked. */
  #unprovedOfOthers(registration: ReaderId): Map<StreamId, number> {
    const open = [...this.#ports.pool.sessionsOf(registration.userId)].filter((session) => isSame(session, registration));
    const closing = [...this.#closing].filter((closed) => isSame(closed, registration));
    const written = [...open.map(({ reader }) => reader.unproved()), ...closing.map((closed) => closed.written)].flat();
    const unproved = new Map<StreamId, number>();
    for (const { stream, seq } of written) unproved.set(stream, Math.max(seq, unproved.get(stream) ?? 0));
    return unproved;
  }

  /** Has the store remember what was written to a reader without proof, as soon as it can. At the end of the hub it has one chance. */
  async #remember(closing: Closing): Promise<void> {
    const { store, clock } = this.#ports;
    this.#closing.add(closing);
    for (;;) {
      try {
        await store.closeReader(closing, closing.written, this.#isLast(closing));
        break;
      } catch (error) {
        // What is not remembered as closed counts as open, so that all of it comes again with a mark.
        if (this.#isSettling || !isPassing(error)) break;
        await new Promise<void>((resolve) => clock.after(retryMs, resolve));
      }
    }
    this.#closing.delete(closing);
  }

  /**
   * Whether the store may take the reader as closed. A registration under way may have opened it already: its row must
   * stay, or a hub that is killed later forgets that it has written to that connection.
   */
  #isLast(reader: ReaderId): boolean {
    const others = [...this.#ports.pool.sessionsOf(reader.userId), ...this.#opening];
    return !others.some((other) => isSame(other, reader));
  }

  #track(write: Promise<void>): void {
    const settled = write.catch(() => {}).finally(() => this.#writes.delete(settled));
    this.#writes.add(settled);
  }
}

const isSame = (a: ReaderId, b: ReaderId): boolean => a.userId === b.userId && a.deviceId === b.deviceId;

/** Whether the same call can succeed later. */
const isPassing = (error: unknown): boolean => error instanceof HubError && passing.has(error.code);
const passing: ReadonlySet<ErrorCode> = new Set(['overloaded', 'storage_full']);

function summary(streams: readonly ReaderStream[]): Registered {
  return {
    rooms: [...roomsOf(streams)],
    queued: streams.reduce((sum, stream) => sum + stream.queued, 0),
    missed: streams.reduce((sum, stream) => sum + stream.missed, 0),
  };
}

function* roomsOf(streams: readonly ReaderStream[]): Iterable<string> {
  for (const { stream } of streams) if (stream.startsWith('room:')) yield stream.slice('room:'.length);
}
