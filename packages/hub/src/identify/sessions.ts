/**
 * Turns connections into sessions and back.
 *
 *     register: reserve a place ─► open the reader in the store ─► (in the store's order) begin the session
 *               no place left, here or on all nodes together ─► close the user's connections that are dead, and try once more
 *     begin:    tell the client ─► follow its streams ─► appear to others
 *     close:    leave the streams ─► disappear ─► have the store remember what was written without acknowledgement
 *
 * A session begins inside the store's ordered callback, so no message falls between what the store reported and
 * what is published.
 */
import { HubError } from '@parley/protocol';
import { type Clock, type Now, nowOf } from '../lib/clock.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Connection } from '../ports/connection.ts';
import type { HubEventListener } from '../ports/hub-events.ts';
import type { AckMode, Arrival, EnterSession, Reader, ReaderStart, Registration, Session } from '../ports/session.ts';
import type { NodeId } from '../ports/shared-store.ts';
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
import { silentSessions, waitUntil } from './silent-sessions.ts';

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
    /** On all nodes. */
    connections(userId: string): number;
    /** The other nodes on which the user is. */
    nodesOf(userId: string): readonly NodeId[];
  };
  readonly members: {
    /** A session of the user has begun, which is a member of so many rooms as far as the store knew. */
    arrived(userId: string, roomCount: number): void;
    /** A registration of the user has failed. */
    notArrived(userId: string): void;
  };
  readonly cluster: Pick<Cluster, 'node' | 'isSure' | 'signal'>;
  readonly watches: { forget(session: Session): void };
  /** Closes a connection that did not answer, so that its client comes back if it is there. */
  readonly sendAway: (connection: Connection, reason: 'silent') => void;
  readonly onEvent: HubEventListener;
}

/** Connections on other nodes are found to be dead after 2 s, and then have to be closed. */
const elsewhereMaxMs = 3000;

export class Sessions {
  readonly #ports: SessionPorts;
  readonly #closedReaders: ClosedReaders;
  /** Users for whom a place is sought on other nodes, with the nodes on which all their connections have answered. */
  readonly #probes = new Map<string, Set<NodeId>>();
  /** Writes of user states that have not ended. */
  readonly #saving = new Set<Promise<void>>();

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#closedReaders = new ClosedReaders({ store: ports.store, clock: ports.clock, isOpen: (reader) => ports.pool.isOpen(reader) });
  }

  /**
   * Makes the connection a session of the user, and gives it to `enter`; if the connection ends meanwhile, there is none.
   * Refusals: `connection_limit`, `overloaded`, and those of the store.
   */
  async register(connection: Connection, registration: Registration, enter: EnterSession): Promise<void> {
    const { pool, cluster } = this.#ports;
    if (!cluster.isSure) throw new HubError('overloaded', { retryAfterS: 1 });
    try {
      await this.#open(connection, registration, enter);
    } catch (error) {
      if (!isLimit(error)) throw error;
      await this.#freePlaces(registration.userId);
      await this.#open(connection, registration, enter).catch((again: unknown) => {
        if (isLimit(again)) pool.countRefusal();
        throw again;
      });
    }
  }

  /** Does nothing if the session has lost its place before its connection has ended. */
  close(session: Session): void {
    if (!this.#ports.pool.sessionsOf(session.userId).includes(session)) return;
    this.#save(this.#end(session));
    this.#closedReaders.add(session, session.reader.unacknowledged());
  }

  /** A place is sought on another node: the user's connections here from which nothing comes are closed, or that node is told that there are none. */
  async probe(userId: string): Promise<void> {
    const { cluster } = this.#ports;
    const closed = await this.#closeSilent(userId, () => false);
    if (closed === 0) cluster.signal({ kind: 'answered', userId, node: cluster.node });
  }

  /** All connections of the user on that node are alive. */
  answered(userId: string, node: NodeId): void {
    this.#probes.get(userId)?.add(node);
  }

  /** Forgets all sessions, and tells the store nothing: it has closed them already. */
  forgetAll(): void {
    for (const session of [...this.#ports.pool.sessions()]) this.#end(session);
  }

  /** Resolves when everything about sessions that have closed was written. */
  async settle(): Promise<void> {
    await Promise.all([...this.#saving, this.#closedReaders.settle()]);
  }

  async #open(connection: Connection, registration: Registration, enter: EnterSession): Promise<void> {
    const { pool, store, members, clock } = this.#ports;
    if (!pool.reserve(registration)) throw new HubError('connection_limit');
    let hasBegun = false;
    try {
      await store.openReader(registration, clock.now(), (opened) => {
        if (connection.isGone) return;
        hasBegun = true;
        this.#begin(connection, registration, opened, enter);
      });
      if (!hasBegun) this.#closedReaders.add(registration, []);
    } finally {
      if (!hasBegun) {
        pool.release(registration);
        members.notArrived(registration.userId);
      }
    }
  }

  /** At the limit, connections of the user that do not answer lose their places. */
  async #freePlaces(userId: string): Promise<void> {
    const { pool, presence, cluster, clock } = this.#ports;
    if (!pool.hasPlace(userId)) {
      await this.#closeSilent(userId, () => pool.hasPlace(userId));
      return;
    }
    const connections = presence.connections(userId);
    const isFree = (): boolean => presence.connections(userId) < connections;
    const nodes = presence.nodesOf(userId);
    const answered = this.#probes.get(userId) ?? new Set();
    this.#probes.set(userId, answered);
    const haveAllAnswered = (): boolean => nodes.length > 0 && nodes.every((node) => answered.has(node));
    cluster.signal({ kind: 'probe', userId });
    await Promise.all([this.#closeSilent(userId, isFree), waitUntil(() => isFree() || haveAllAnswered(), clock, elsewhereMaxMs)]);
    this.#probes.delete(userId);
  }

  /** Closes connections of the user from which nothing comes although they are pinged, unless `isOver` says that this is no longer needed. */
  async #closeSilent(userId: string, isOver: () => boolean): Promise<number> {
    const { pool, clock, sendAway } = this.#ports;
    const silent = await silentSessions(pool.sessionsOf(userId), clock, isOver);
    for (const session of silent) {
      this.close(session);
      sendAway(session.connection, 'silent');
    }
    return silent.length;
  }

  #begin(connection: Connection, registration: Registration, { streams, state }: OpenedReader, enter: EnterSession): void {
    const { pool, makeReader, presence, members, clock, onEvent } = this.#ports;
    const { userId, deviceId, ackMode } = registration;
    const reader = makeReader(connection, registration, ackMode);
    const session: Session = { userId, deviceId, ackMode, connection, reader };
    pool.register(session, roomsOf(streams));
    connection.identified();
    enter(session, arrivalOf(streams));
    for (const stream of streams) this.#ports.streams.follow(reader, stream);
    members.arrived(userId, [...roomsOf(streams)].length);
    this.#save(presence.arrive(userId, state, registration.state, nowOf(clock)));
    onEvent({ type: 'registered', userId, connectionId: connection.id });
  }

  /** Returns what to store. */
  #end(session: Session): UserState | undefined {
    const { pool, streams, presence, watches, clock, onEvent } = this.#ports;
    const { userId, connection, reader } = session;
    reader.close();
    streams.close(inboxOf(userId), reader);
    for (const roomId of pool.roomsOf(userId)) streams.close(timelineOf(roomId), reader);
    watches.forget(session);
    onEvent({ type: 'unregistered', userId, connectionId: connection.id });
    // While the pool still knows the user's rooms, whose watchers hear of it.
    const state = presence.depart(userId, nowOf(clock));
    pool.close(connection, session);
    return state;
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

const isLimit = (error: unknown): boolean => error instanceof HubError && error.code === 'connection_limit';

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
