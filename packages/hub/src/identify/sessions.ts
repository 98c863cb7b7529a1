/**
 * Turns connections into sessions and back.
 *
 *     register: reserve a place ─► open the reader in the store ─► (in commit order) announce, join the streams, appear
 *     close:    leave the streams ─► disappear ─► (until the store has it) remember what was written and not acknowledged
 *
 * Joining the streams happens inside the store's ordered callback, so no message falls between
 * what the store reported and what is published live.
 */
import { HubError } from '@parley/protocol';
import type { Clock } from '../lib/clock.ts';
import type { Connection } from '../ports/connection.ts';
import type { AckMode, Reader, Session } from '../ports/session.ts';
import {
  inboxOf,
  type OpenedReader,
  type ReaderId,
  type ReaderStream,
  type Store,
  type StreamId,
  timelineOf,
  type UserState,
} from '../ports/store.ts';
import { Closings } from './closings.ts';
import type { ConnectionPool } from './pool.ts';

export interface SessionPorts {
  readonly store: Pick<Store, 'openReader' | 'closeReader' | 'saveStates'>;
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

export class Sessions {
  readonly #ports: SessionPorts;
  readonly #closings: Closings;
  /** States of users who have left that are being written. */
  readonly #saving = new Set<Promise<void>>();

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#closings = new Closings({ store: ports.store, clock: ports.clock, isOpen: (reader) => ports.pool.isOpen(reader) });
  }

  /** Registers a connection. Makes no session if it closed meanwhile. Refusal: `connection_limit`; and those of the store. */
  async register(connection: Connection, registration: Registration, party: RegisteringParty): Promise<void> {
    const { pool, store, clock } = this.#ports;
    if (!pool.reserve(registration)) throw new HubError('connection_limit');
    let begun = false;
    try {
      await store.openReader(registration, clock.now(), (opened) => {
        if (!party.isOpen()) return;
        begun = true;
        this.#begin(connection, registration, opened, party);
      });
    } finally {
      if (!begun) pool.release(registration);
    }
    if (!begun) this.#closings.add(registration, []);
  }

  close(session: Session): void {
    const { pool, store } = this.#ports;
    const { userId, reader } = session;
    reader.close();
    this.#ports.leave(reader, inboxOf(userId));
    for (const roomId of pool.roomsOf(userId)) this.#ports.leave(reader, timelineOf(roomId));
    // Told while the pool still knows the user's rooms, whose watchers hear of it.
    const state = this.#ports.onDepart(session);
    pool.close(session.connection, session);
    this.#closings.add(session, reader.unacknowledged());
    if (state !== undefined) this.#track(store.saveStates([state]));
  }

  /** Resolves when all closings so far were written. */
  async settle(): Promise<void> {
    await Promise.all([...this.#saving, this.#closings.settle()]);
  }

  #begin(connection: Connection, registration: Registration, { streams, state }: OpenedReader, party: RegisteringParty): void {
    const { pool } = this.#ports;
    const reader = this.#ports.makeReader(connection, registration, registration.ackMode);
    const session: Session = { ...registration, connection, reader };
    pool.register(registration, session, roomsOf(streams));
    party.onSession(session, summary(streams));
    for (const stream of streams) this.#ports.follow(reader, stream);
    this.#ports.onArrive(session, state);
  }

  /** A failure costs at most a time of last seen, and the store reports its own failure. */
  #track(saving: Promise<void>): void {
    const settled = saving.catch(() => {}).finally(() => this.#saving.delete(settled));
    this.#saving.add(settled);
  }
}

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
