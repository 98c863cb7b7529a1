/**
 * The hub without its edges: everything between a connection that has opened and the store.
 *
 *     connect ─► accept() ─► Conversation (route) ─► store ─► Streams (fanout) ─► StreamReader (deliver) ─► connection
 *                               identify: Sessions, ConnectionPool
 *
 * It does no I/O of its own and has no clock of its own, so the simulation runs all of it on virtual ones (I14).
 */
import { HubError, userIdToWire } from '@parley/protocol';
import { CursorWriter } from './deliver/cursor-writer.ts';
import { OutboxBudget } from './deliver/outbox-budget.ts';
import { eventPacket } from './deliver/packets.ts';
import { PageGate } from './deliver/page-gate.ts';
import { ProofSchedule } from './deliver/proof-schedule.ts';
import { StreamReader } from './deliver/stream-reader.ts';
import { Presence } from './fanout/presence.ts';
import type { Streams } from './fanout/streams.ts';
import { Watches } from './fanout/watches.ts';
import { ConnectionPool } from './identify/pool.ts';
import { Sessions } from './identify/sessions.ts';
import type { Clock } from './lib/clock.ts';
import type { Random } from './lib/random.ts';
import type { Authenticator } from './ports/authenticator.ts';
import type { Connection, ConnectionHandlers, Refusal } from './ports/connection.ts';
import type { HubEvent } from './ports/hub-events.ts';
import type { Log } from './ports/log.ts';
import type { PresenceView } from './ports/presence.ts';
import { type DeliveryReceipt, inboxOf, type Store, timelineOf } from './ports/store.ts';
import { Conversation } from './route/conversation.ts';
import type { CommandLimits, Services } from './route/services.ts';
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
  readonly random: Random;
  readonly authenticator: Authenticator;
  /** What waits in the outboxes of all connections. */
  readonly outboxBytes: () => number;
  readonly log: Log;
  readonly version: string;
  readonly onEvent: (event: HubEvent) => void;
}

export interface CoreCounters {
  /** Live-only events dropped because their receiver was behind. */
  liveDropped: number;
  /** Connections closed because they took nothing for the slow deadline. */
  slowClosed: number;
  /** Commands that failed in a way that no error code foresees. */
  unexpected: number;
}

export class Core {
  readonly services: Services;
  readonly pool: ConnectionPool;
  readonly presence: Presence;
  readonly counters: CoreCounters = { liveDropped: 0, slowClosed: 0, unexpected: 0 };
  readonly #ports: CorePorts;
  readonly #sessions: Sessions;
  readonly #cursors: CursorWriter;
  readonly #watches = new Watches();
  #commandsUnderWay = 0;
  #whenIdle: (() => void) | undefined;
  #draining = false;

  constructor(ports: CorePorts) {
    const { settings, store, streams, clock, random } = ports;
    this.#ports = ports;
    this.pool = new ConnectionPool(settings.connectionsPerUserMax);
    this.presence = new Presence(settings.idleTimeoutMs, (view) => this.#tellWatchers(view));
    this.#cursors = new CursorWriter({ store, clock, onReceipts: (receipts) => this.#tellSenders(receipts) });
    const proofs = new ProofSchedule(clock);
    const budget = new OutboxBudget(
      {
        highWaterBytes: settings.outboxHighWaterBytes,
        lowWaterBytes: settings.outboxLowWaterBytes,
        totalBytesMax: settings.outboxTotalBytesMax,
      },
      ports.outboxBytes,
    );
    const readerPorts = {
      readStream: store.readStream.bind(store),
      headOf: (stream: string) => streams.head(stream),
      advance: this.#cursors.advance.bind(this.#cursors),
      proofLater: proofs.later,
      onLiveDropped: () => {
        this.counters.liveDropped += 1;
      },
      enterGate: new PageGate(() => budget.hasRoom(), clock).enter,
      budget,
      clock,
    };
    this.#sessions = new Sessions({
      store,
      clock,
      pool: this.pool,
      makeReader: (connection, reader, ackMode) => new StreamReader(connection, reader, ackMode, readerPorts),
      follow: (reader, stream) => {
        streams.open(stream.stream, reader, stream.head);
        reader.follow(stream);
      },
      leave: (reader, stream) => streams.close(stream, reader),
      onArrive: (session, stored) => {
        this.presence.arrive(session.userId, stored, this.#now());
        ports.onEvent({ type: 'registered', userId: session.userId, connectionId: session.connection.id });
      },
      onDepart: (session) => {
        this.#watches.forget(session);
        ports.onEvent({ type: 'unregistered', userId: session.userId, connectionId: session.connection.id });
        return this.presence.depart(session.userId, this.#now());
      },
    });
    this.services = {
      store,
      clock,
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
  }

  /** Decides over a new connection: who it is, or why it may not stay. */
  async accept(connection: Connection, namespace: string): Promise<ConnectionHandlers | { readonly refuse: Refusal }> {
    const { authenticator, clock, settings, log, version } = this.#ports;
    if (namespace !== '/') return { refuse: { message: 'Invalid namespace' } };
    if (this.#draining) return { refuse: refusal(new HubError('shutting_down', { retryAfterS: 1 })) };
    const identity = await authenticator.authenticate(connection.handshake);
    if ('refuse' in identity) return identity;

    this.pool.open(connection, clock.monotonic() + settings.registerTimeoutMs);
    const message = identity.userId === undefined ? 'Welcome. Register with your user_id to begin.' : 'Welcome. Send any event to begin.';
    connection.send(eventPacket('connected', { message, server: 'parley', version, auth: authenticator.method }));
    log.debug({ connection: connection.id, address: connection.handshake.address }, 'connection opened');
    return new Conversation(connection, identity, {
      services: this.services,
      refusal: () => (this.#draining ? new HubError('shutting_down', { retryAfterS: 1 }) : undefined),
      onBegin: () => {
        this.#commandsUnderWay += 1;
      },
      onEnd: () => {
        this.#commandsUnderWay -= 1;
        if (this.#commandsUnderWay === 0) this.#whenIdle?.();
      },
      onUnexpected: (error, event) => {
        this.counters.unexpected += 1;
        log.error({ err: error, event, connection: connection.id }, 'a command failed unexpectedly');
      },
      onClosed: (closed, reason) => {
        this.pool.close(closed, undefined);
        log.debug({ connection: closed.id, reason }, 'connection closed');
      },
    });
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
      this.counters.slowClosed += 1;
      sendAway(connection, 'slow_reader');
      // Its transport only, so that a stock client comes back and reads on from its cursor.
      connection.close('forced close');
    }
  }

  /** Refuses what is new and tells every client when to come back; spread, so that they do not come all at once. */
  announceShutdown(reconnectSpreadMs: number): void {
    this.#draining = true;
    for (const connection of this.pool.connections()) {
      const reconnect_after_ms = Math.round(reconnectSpreadMs * this.#ports.random.fraction());
      connection.send(eventPacket('going_away', { reason: 'shutting_down', reconnect_after_ms }));
    }
  }

  /** Resolves when every command that was accepted has been carried out and answered. */
  async commandsDone(): Promise<void> {
    if (this.#commandsUnderWay === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  /** Resolves when proofs of receipt and closings were written. */
  async settle(): Promise<void> {
    await this.#sessions.settle();
    await this.#cursors.flush();
  }

  #now() {
    return { wallMs: this.#ports.clock.now(), monotonicMs: this.#ports.clock.monotonic() };
  }

  #tellWatchers(view: PresenceView): void {
    const topics = [inboxOf(view.userId), ...[...this.pool.roomsOf(view.userId)].map(timelineOf)];
    const packet = eventPacket('presence', presenceChange(view));
    for (const session of this.#watches.watchers(topics)) session.reader.presence(view.userId, packet);
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

function refusal(error: HubError): Refusal {
  return { message: error.message, data: { code: error.code, retry_after: error.retryAfterS } };
}
