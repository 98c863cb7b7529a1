/**
 * Turns connections into sessions and back.
 *
 *     register: reserve a place (at the limit, that of a silent connection) ─► open the reader in the store ─► (in commit order) begin the session
 *     begin:    tell the client ─► follow its streams ─► appear to others
 *     close:    leave the streams ─► disappear ─► have the store remember what was written without acknowledgement
 *
 * A session begins inside the store's ordered callback, so no message falls between what the store reported and
 * what is published.
 */
import { HubError } from '@parley/protocol';
import { type Clock, type Now, nowOf } from '../lib/clock.ts';
import type { Connection } from '../ports/connection.ts';
import type { HubEventListener } from '../ports/hub-events.ts';
import type { AckMode, Arrival, EnterSession, Reader, ReaderStart, Registration, Session } from '../ports/session.ts';
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
import { ClosedReaders } from './closed-readers.ts';
import type { ConnectionPool } from './pool.ts';
import { silentSessions } from './silent-sessions.ts';

export interface SessionPorts {
  readonly store: Pick<Store, 'openReader' | 'closeReader' | 'saveStates'>;
  readonly clock: Clock;
  readonly pool: ConnectionPool;
  readonly makeReader: (connection: Connection, reader: ReaderId, ackMode: AckMode) => Reader;
  readonly streams: {
    follow(reader: Reader, start: ReaderStart): void;
    close(stream: StreamId, reader: Reader): void;
  };
  readonly presence: {
    /** `stored` is what the user chose earlier, `chosen` what it chooses now. Returns what to remember. */
    arrive(userId: string, stored: UserState | undefined, chosen: UserState['state'] | undefined, now: Now): UserState | undefined;
    depart(userId: string, now: Now): UserState | undefined;
  };
  readonly watches: { forget(session: Session): void };
  /** Closes a connection that did not answer, so that its client comes back if it is there. */
  readonly sendAway: (connection: Connection, reason: 'silent') => void;
  readonly onEvent: HubEventListener;
}

export class Sessions {
  readonly #ports: SessionPorts;
  readonly #closedReaders: ClosedReaders;
  /** Writes of user states that have not ended. */
  readonly #saving = new Set<Promise<void>>();

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#closedReaders = new ClosedReaders({ store: ports.store, clock: ports.clock, isOpen: (reader) => ports.pool.isOpen(reader) });
  }

  /**
   * Makes the connection a session of the user, and gives it to `enter`; if the connection ends meanwhile, there is none.
   * Refusals: `connection_limit`, and those of the store.
   */
  async register(connection: Connection, registration: Registration, enter: EnterSession): Promise<void> {
    const { pool, store, clock } = this.#ports;
    await this.#takePlace(registration);
    let hasBegun = false;
    try {
      await store.openReader(registration, clock.now(), (opened) => {
        if (connection.isGone) return;
        hasBegun = true;
        this.#begin(connection, registration, opened, enter);
      });
    } finally {
      if (!hasBegun) pool.release(registration);
    }
    if (!hasBegun) this.#closedReaders.add(registration, []);
  }

  /** Does nothing if the session has lost its place before its connection has ended. */
  close(session: Session): void {
    const { pool, streams, presence, watches, clock, onEvent } = this.#ports;
    const { userId, connection, reader } = session;
    if (!pool.sessionsOf(userId).includes(session)) return;
    reader.close();
    streams.close(inboxOf(userId), reader);
    for (const roomId of pool.roomsOf(userId)) streams.close(timelineOf(roomId), reader);
    watches.forget(session);
    onEvent({ type: 'unregistered', userId, connectionId: connection.id });
    // While the pool still knows the user's rooms, whose watchers hear of it.
    this.#save(presence.depart(userId, nowOf(clock)));
    pool.close(connection, session);
    this.#closedReaders.add(session, reader.unacknowledged());
  }

  /** Resolves when everything about sessions that have closed was written. */
  async settle(): Promise<void> {
    await Promise.all([...this.#saving, this.#closedReaders.settle()]);
  }

  /** At the limit, connections of the user that do not answer lose their places. */
  async #takePlace(reader: ReaderId): Promise<void> {
    const { pool, clock, sendAway } = this.#ports;
    if (pool.reserve(reader)) return;
    const isFree = (): boolean => pool.hasPlace(reader.userId);
    for (const session of await silentSessions(pool.sessionsOf(reader.userId), clock, isFree)) {
      this.close(session);
      sendAway(session.connection, 'silent');
    }
    if (pool.reserve(reader)) return;
    pool.countRefusal();
    throw new HubError('connection_limit');
  }

  #begin(connection: Connection, registration: Registration, { streams, state }: OpenedReader, enter: EnterSession): void {
    const { pool, makeReader, presence, clock, onEvent } = this.#ports;
    const { userId, deviceId, ackMode } = registration;
    const reader = makeReader(connection, registration, ackMode);
    const session: Session = { userId, deviceId, ackMode, connection, reader };
    pool.register(session, roomsOf(streams));
    connection.identified();
    enter(session, arrivalOf(streams));
    for (const stream of streams) this.#ports.streams.follow(reader, stream);
    this.#save(presence.arrive(userId, state, registration.state, nowOf(clock)));
    onEvent({ type: 'registered', userId, connectionId: connection.id });
  }

  /** At most what a user chose, or when it was last seen, is lost; the store reports its own failure. */
  #save(state: UserState | undefined): void {
    if (state === undefined) return;
    const saved = this.#ports.store
      .saveStates([state])
      .catch(() => {})
      .finally(() => this.#saving.delete(saved));
    this.#saving.add(saved);
  }
}

function arrivalOf(streams: readonly ReaderStream[]): Arrival {
  return {
    rooms: [...roomsOf(streams)],
    queued: streams.reduce((sum, stream) => sum + stream.queued, 0),
    missed: streams.reduce((sum, stream) => sum + stream.missed, 0),
  };
}

function* roomsOf(streams: readonly ReaderStream[]): Iterable<string> {
  for (const { stream } of streams) if (stream.startsWith('room:')) yield stream.slice('room:'.length);
}
