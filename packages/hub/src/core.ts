/**
 * The hub without its edges: everything between a connection that has opened and the store.
 *
 *     connect ─► accept() ─► Conversation (route) ─► store ─► Streams (fanout) ─► StreamReader (deliver) ─► connection
 *                               identify: Sessions, ConnectionPool
 *
 * It does no I/O of its own and has no clock of its own, so the simulation runs all of it on virtual ones (I14).
 */
import { HubError, userIdToWire } from '@parley/protocol';
import { Delivery } from './deliver/delivery.ts';
import { eventPacket } from './deliver/packets.ts';
import { Presence } from './fanout/presence.ts';
import type { Streams } from './fanout/streams.ts';
import { Watches } from './fanout/watches.ts';
import { ConnectionPool } from './identify/pool.ts';
import { Reception } from './identify/reception.ts';
import { Sessions } from './identify/sessions.ts';
import type { Clock } from './lib/clock.ts';
import type { Random } from './lib/random.ts';
import type { Authenticator } from './ports/authenticator.ts';
import type { Connection, ConnectionHandlers, Refusal } from './ports/connection.ts';
import type { HubEvent } from './ports/hub-events.ts';
import type { Log } from './ports/log.ts';
import type { PresenceView } from './ports/presence.ts';
import { type DeliveryReceipt, inboxOf, type Store, timelineOf } from './ports/store.ts';
import { Conversation, type ConversationPorts } from './route/conversation.ts';
import type { CommandLimits, Services } from './route/services.ts';
import { UnderWay } from './route/under-way.ts';
import { presenceChange, toSeconds } from './route/views.ts';

export interface CoreSettings extends CommandLimits {
  readonly connectionsPerUserMax: number;
  readonly registerTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly outboxHighWaterBytes: number;
  readonly outboxLowWaterBytes: number;
  readonly outboxTotalBytesMax: number;
  readonly slowDeadlineMs: number;
}

export interface CorePorts {
  readonly settings: CoreSettings;
  readonly store: Store;
  /** Fed by the store's `onAppended`. */
  readonly streams: Streams;
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
  readonly presence: Presence;
  readonly #ports: CorePorts;
  readonly #sessions: Sessions;
  readonly #delivery: Delivery;
  readonly #watches = new Watches();
  readonly #underWay = new UnderWay();
  readonly #reception: Reception;
  #isDraining = false;
  #slowClosed = 0;
  #unexpectedFailures = 0;

  constructor(ports: CorePorts) {
    const { settings, store, streams, clock, random } = ports;
    this.#ports = ports;
    this.pool = new ConnectionPool(settings.connectionsPerUserMax);
    this.presence = new Presence(settings.idleTimeoutMs, (view) => this.#tellWatchers(view));
    this.#delivery = new Delivery({
      store,
      clock,
      outbox: {
        highWaterBytes: settings.outboxHighWaterBytes,
        lowWaterBytes: settings.outboxLowWaterBytes,
        totalBytesMax: settings.outboxTotalBytesMax,
      },
      outboxBytes: ports.outboxBytes,
      headOf: (stream) => streams.head(stream),
      onReceipts: (receipts) => this.#tellSenders(receipts),
    });
    this.#sessions = new Sessions({
      store,
      clock,
      pool: this.pool,
      makeReader: (...args) => this.#delivery.makeReader(...args),
      streams,
      presence: this.presence,
      watches: this.#watches,
      onEvent: ports.onEvent,
    });
    this.services = {
      store,
      clock,
      runningMs: ports.runningMs,
      random,
      sessions: this.#sessions,
      directory: this.pool,
      streams,
      presence: this.presence,
      watches: this.#watches,
      limits: settings,
      encode: eventPacket,
      onEvent: ports.onEvent,
    };
    const conversations: ConversationPorts = {
      services: this.services,
      underWay: this.#underWay,
      refusal: () => this.#refusal(),
      onUnexpected: (error, event) => {
        this.#unexpectedFailures += 1;
        ports.log.error({ error, event }, 'A command failed in a way that nobody foresaw.');
      },
      onClosed: (connection, reason) => {
        this.pool.close(connection, undefined);
        ports.log.debug({ connection: connection.id, reason }, 'connection closed');
      },
    };
    this.#reception = new Reception({
      authenticator: ports.authenticator,
      open: (connection) => this.pool.open(connection, clock.monotonic() + settings.registerTimeoutMs),
      forget: (connection) => this.pool.close(connection, undefined),
      welcome: (connection) => this.#welcome(connection),
      converse: (connection) => new Conversation(connection, conversations),
      refusal: () => this.#refusal(),
      log: ports.log,
    });
  }

  /** What happened to slow readers, since the start. */
  get slowReaders(): { readonly liveDropped: number; readonly closed: number } {
    return { liveDropped: this.#delivery.liveDropped, closed: this.#slowClosed };
  }

  /** Commands that failed in a way that no error code foresees, since the start. */
  get unexpectedFailures(): number {
    return this.#unexpectedFailures;
  }

  /** Decides over a new connection: who it is, or why it may not stay. */
  accept(connection: Connection, namespace: string): Promise<ConnectionHandlers | { readonly refuse: Refusal }> {
    return this.#reception.accept(connection, namespace);
  }

  /** Work of every second: finds idle users, and connections that did not register in time or take nothing any more. */
  tick(): void {
    const nowMs = this.#ports.clock.monotonic();
    this.presence.sweep(nowMs);
    for (const connection of this.pool.overdue(nowMs)) {
      sendAway(connection, 'registration_timeout');
      connection.close('server namespace disconnect');
    }
    for (const { connection } of this.pool.sessions()) {
      if (nowMs - (connection.stalledSinceMs ?? nowMs) < this.#ports.settings.slowDeadlineMs) continue;
      this.#slowClosed += 1;
      sendAway(connection, 'slow_reader');
      // Its transport only, so that a stock client comes back and reads on from its cursor.
      connection.close('forced close');
    }
  }

  /** Refuses what is new and tells every client when to come back; spread, so that they do not come all at once. */
  announceShutdown(reconnectSpreadMs: number): void {
    this.#isDraining = true;
    for (const connection of this.pool.connections()) {
      const reconnect_after_ms = Math.round(reconnectSpreadMs * this.#ports.random.fraction());
      connection.send(eventPacket('going_away', { reason: 'shutting_down', reconnect_after_ms }));
    }
  }

  /** Resolves when every command that was accepted has been carried out and answered. */
  commandsDone(): Promise<void> {
    return this.#underWay.none();
  }

  /** Resolves when acknowledgements and closings were written. */
  async settle(): Promise<void> {
    await this.#sessions.settle();
    await this.#delivery.flush();
  }

  #refusal(): HubError | undefined {
    return this.#isDraining ? new HubError('shutting_down', { retryAfterS: 1 }) : undefined;
  }

  #welcome(connection: Connection): void {
    const { authenticator, version } = this.#ports;
    connection.send(eventPacket('connected', { message: 'Welcome to Parley.', server: 'parley', version, auth: authenticator.method }));
  }

  #tellWatchers(view: PresenceView): void {
    const topics = [inboxOf(view.userId), ...[...this.pool.roomsOf(view.userId)].map(timelineOf)];
    const watchers = this.#watches.watchers(topics);
    // Most users are watched by nobody.
    if (watchers.size > 0) {
      const packet = eventPacket('presence', presenceChange(view));
      for (const session of watchers) session.reader.presence(view.userId, packet);
    }
    this.#ports.onEvent({ type: 'presence', userId: view.userId, state: view.state });
  }

  #tellSenders(receipts: readonly DeliveryReceipt[]): void {
    for (const receipt of receipts) {
      const packet = eventPacket('message_delivered', {
        message_id: String(receipt.messageId),
        seq: receipt.seq,
        recipient_id: userIdToWire(receipt.recipientId),
        delivered_at: toSeconds(receipt.deliveredAtMs),
      });
      for (const session of this.pool.sessionsOf(receipt.senderId)) session.reader.live(packet);
    }
  }
}

function sendAway(connection: Connection, reason: 'registration_timeout' | 'slow_reader'): void {
  connection.send(eventPacket('going_away', { reason, reconnect_after_ms: 0 }));
}
