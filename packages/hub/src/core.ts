/**
 * The hub without its edges: everything between a connection that has opened and the store.
 *
 *     connect ─► accept() ─► Conversation (route) ─► store ─► Streams (fanout) ─► StreamReader (deliver) ─► connection
 *                               identify: Sessions, ConnectionPool
 *
 * It does no I/O of its own and has no clock of its own, so the simulation runs all of it on virtual ones (I14).
 */
import { type ClosingReason, HubError } from '@parley/protocol';
import { Delivery } from './deliver/delivery.ts';
import { messageRuns } from './deliver/message-run.ts';
import type { OutboxMarks } from './deliver/outbox-budget.ts';
import { SlowReaders } from './deliver/slow-readers.ts';
import { Fanout } from './fanout/fanout.ts';
import { ConnectionPool } from './identify/pool.ts';
import { Reception } from './identify/reception.ts';
import { announceClosing, sendAway } from './identify/send-away.ts';
import { Sessions } from './identify/sessions.ts';
import type { Clock } from './lib/clock.ts';
import { eventPacket } from './lib/event-packet.ts';
import type { Random } from './lib/random.ts';
import { Unforeseen } from './lib/unforeseen.ts';
import type { Authenticator } from './ports/authenticator.ts';
import { aloneCluster, type Cluster, type LiveEvent } from './ports/cluster.ts';
import type { Connection, ConnectionHandlers, Refusal } from './ports/connection.ts';
import type { HubEvent } from './ports/hub-events.ts';
import type { Log } from './ports/log.ts';
import type { SharedStore } from './ports/shared-store.ts';
import type { Store } from './ports/store.ts';
import { Conversation, type ConversationPorts } from './route/conversation.ts';
import { PendingCommands } from './route/pending-commands.ts';
import { ReadGate } from './route/read-gate.ts';
import type { CommandLimits, Services } from './route/services.ts';
import { presenceChange } from './route/views.ts';

/** Reads of commands, from all connections: more would only wait in the store, and hold up others behind them. */
const readsAtOnceMax = 8;

export interface CoreSettings extends CommandLimits {
  readonly connectionsPerUserMax: number;
  readonly watchesPerConnectionMax: number;
  readonly watchesTotalMax: number;
  readonly registerTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly outboxFloorBytes: number;
  readonly outboxHighWaterBytes: number;
  readonly outboxLowWaterBytes: number;
  readonly outboxTotalBytesMax: number;
  /** A connection that holds more is cut by the connect stage. */
  readonly connectionBytesMax: number;
  readonly slowDeadlineMs: number;
}

export interface CorePorts {
  readonly settings: CoreSettings;
  readonly store: Store;
  /** Other nodes, and what of the store only they need; undefined for a node alone. */
  readonly cluster?: Cluster;
  readonly shared?: Pick<SharedStore, 'memberships' | 'membersVersions'>;
  readonly clock: Clock;
  /** The retention clock, see `Store.expire`. */
  readonly runningMs: () => number;
  readonly random: Random;
  readonly authenticator: Authenticator;
  /** What waits in the outboxes of all connections. */
  readonly outboxBytes: () => number;
  readonly log: Log;
  readonly version: string;
  readonly onEvent: (event: HubEvent) => void;
}

export class Core {
  readonly services: Services;
  readonly pool: ConnectionPool;
  /** What the store announces is to be given to its `streams`. */
  readonly fanout: Fanout;
  readonly cluster: Cluster;
  readonly #ports: CorePorts;
  readonly #sessions: Sessions;
  readonly #delivery: Delivery;
  readonly #slowReaders: SlowReaders;
  readonly #pending = new PendingCommands();
  readonly #unforeseen: Unforeseen;
  readonly #reception: Reception;
  #isDraining = false;

  constructor(ports: CorePorts) {
    const { settings, store, clock, random, cluster = aloneCluster, shared } = ports;
    this.#ports = ports;
    this.cluster = cluster;
    this.#unforeseen = new Unforeseen((error, event) =>
      ports.log.error({ error, event }, 'Something failed in a way that no error code foresees.'),
    );
    this.pool = new ConnectionPool(settings.connectionsPerUserMax);
    this.fanout = new Fanout({
      ...{ directory: this.pool, store, clock, cluster, shared, runs: messageRuns },
      idleTimeoutMs: settings.idleTimeoutMs,
      watchLimits: { perSessionMax: settings.watchesPerConnectionMax, totalMax: settings.watchesTotalMax },
      encodePresence: (view) => eventPacket('presence', presenceChange(view)),
      onPresence: ({ userId, state }) => ports.onEvent({ type: 'presence', userId, state }),
    });
    const { streams, presence, live, members, watches } = this.fanout;
    this.#delivery = new Delivery({
      store,
      clock,
      outbox: outboxMarks(settings),
      outboxBytes: ports.outboxBytes,
      headOf: (stream) => streams.head(stream),
      toUser: (userId, packet) => live.toUser(userId, packet),
      chosen: (userId) => presence.chosen(userId),
      log: ports.log,
    });
    const closeSlow = (connection: Connection): void => this.sendAway(connection, 'slow_reader');
    this.#slowReaders = new SlowReaders({ clock, deadlineMs: settings.slowDeadlineMs, close: closeSlow });
    this.#sessions = new Sessions({
      store,
      clock,
      pool: this.pool,
      makeReader: (...args) => this.#delivery.makeReader(...args),
      ...{ streams, presence, members, cluster, watches },
      sendAway: (connection, reason) => this.sendAway(connection, reason),
      onEvent: ports.onEvent,
    });
    this.services = {
      store,
      clock,
      runningMs: ports.runningMs,
      random,
      sessions: this.#sessions,
      directory: this.pool,
      ...{ cluster, members, presence, watches, live },
      limits: settings,
      roomFor: (connection) => this.#delivery.roomFor(connection),
      onEvent: ports.onEvent,
    };
    const conversations = this.#conversationPorts(ports.log);
    this.#reception = new Reception({
      authenticator: ports.authenticator,
      pool: this.pool,
      clock,
      registerTimeoutMs: settings.registerTimeoutMs,
      version: ports.version,
      encode: eventPacket,
      converse: (connection) => new Conversation(connection, conversations),
      refusal: () => this.#refusal(),
      closeOverdue: (connection) => this.sendAway(connection, 'registration_timeout'),
      told: (error, event) => this.told(error, event),
      log: ports.log,
    });
  }

  /** What happened to slow readers, since the start. */
  get slowReaders(): { readonly liveDropped: number; readonly closed: number } {
    return { liveDropped: this.#delivery.liveDropped, closed: this.#slowReaders.closed };
  }

  /** Commands that failed in a way that no error code foresees, since the start. */
  get unexpectedFailures(): number {
    return this.#unforeseen.count;
  }

  /** The error that is sent to the caller for a failure: one that no error code foresees is logged and becomes `internal_error`. */
  told(error: unknown, event: string): HubError {
    return this.#unforeseen.told(error, event);
  }

  /** Decides over a new connection: who it is, or why it may not stay. */
  accept(connection: Connection, namespace: string): Promise<ConnectionHandlers | { readonly refuse: Refusal }> {
    return this.#reception.accept(connection, namespace);
  }

  /** Work of every second: finds idle users, and connections that did not register in time or take nothing any more. */
  tick(): void {
    this.fanout.tick(this.#ports.clock.monotonic());
    this.#reception.closeOverdue();
    this.#slowReaders.closeStalled(this.pool.sessions());
  }

  /** Ends all connections of a user for good, on whatever node. Returns how many are known. */
  disconnectUser(userId: string): number {
    const connections = this.fanout.presence.connections(userId);
    this.disconnectHere(userId);
    this.cluster.signal({ kind: 'disconnect', userId });
    return connections;
  }

  /** The same on this node only. */
  disconnectHere(userId: string): void {
    for (const { connection } of this.pool.sessionsOf(userId)) this.sendAway(connection, 'disconnected_by_server');
  }

  /** A node seeks a place for a connection of the user, or has found that those on it are alive. */
  hearOfPlaces(event: Extract<LiveEvent, { kind: 'probe' | 'answered' }>): void {
    if (event.kind === 'probe') void this.#sessions.probe(event.userId);
    else this.#sessions.answered(event.userId, event.node);
  }

  /** The other nodes believe that this one has ended, and so has it: all connections are closed, and their clients come back to begin anew. */
  beginAnew(): void {
    const connections = [...this.pool.connections()];
    this.#sessions.forgetAll();
    this.fanout.forgetUsers();
    for (const connection of connections) this.sendAway(connection, 'shutting_down');
  }

  /** Tells the client why and whether to come back, and closes its connection. */
  sendAway(connection: Connection, reason: ClosingReason): void {
    sendAway(eventPacket, connection, reason);
  }

  /** Refuses what is new and tells every client when to come back, each after a different delay, so that they do not come all at once. */
  announceShutdown(reconnectSpreadMs: number): void {
    this.#isDraining = true;
    for (const connection of this.pool.connections()) {
      announceClosing(eventPacket, connection, 'shutting_down', Math.round(reconnectSpreadMs * this.#ports.random.fraction()));
    }
  }

  /** Resolves when every command that was accepted has been carried out and answered. */
  commandsDone(): Promise<void> {
    return this.#pending.none();
  }

  /** Resolves when acknowledgements and closings were written. */
  async settle(): Promise<void> {
    await this.#sessions.settle();
    await this.#delivery.flush();
  }

  #conversationPorts(log: Log): ConversationPorts {
    return {
      services: this.services,
      pending: this.#pending,
      readGate: new ReadGate(readsAtOnceMax),
      refusal: () => this.#refusal(),
      told: (error, event) => this.told(error, event),
      onClosed: (connection, reason) => {
        this.pool.close(connection, undefined);
        log.debug({ connection: connection.id, reason }, 'connection closed');
      },
    };
  }

  #refusal(): HubError | undefined {
    return this.#isDraining ? new HubError('shutting_down', { retryAfterS: 1 }) : undefined;
  }
}

const outboxMarks = (settings: CoreSettings): OutboxMarks => ({
  floorBytes: settings.outboxFloorBytes,
  highWaterBytes: settings.outboxHighWaterBytes,
  lowWaterBytes: settings.outboxLowWaterBytes,
  totalBytesMax: settings.outboxTotalBytesMax,
  connectionBytesMax: settings.connectionBytesMax,
});
