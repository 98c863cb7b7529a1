/**
 * The composition root: builds the parts and wires the way of a message.
 *
 *     bytes ─► connect ─► identify ─► route ─► store ─► fanout ─► deliver ─► bytes
 */

import type { Server } from 'node:http';
import type { HubError } from '@parley/protocol';
import { HubApi } from './api.ts';
import { openBase } from './base.ts';
import { clusterHandlers } from './cluster-handlers.ts';
import { checkHubOptions } from './config/check.ts';
import type { HubSettings } from './config/options.ts';
import { type ConnectHooks, type ConnectOptions, defaultConnectOptions } from './connect/options.ts';
import { ProtocolServer } from './connect/server.ts';
import { Core } from './core.ts';
import { createHttpHandler } from './http/handler.ts';
import type { Health } from './http/schemas.ts';
import { openAuthenticator } from './identify/open-authenticator.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { Listeners } from './lib/listeners.ts';
import { SystemRandom } from './lib/random.ts';
import { runningTime } from './lib/running-time.ts';
import { startMaintenance } from './maintenance.ts';
import { watchDescriptors } from './observe/descriptors.ts';
import { watchMemory } from './observe/memory.ts';
import { TurnedAway } from './observe/turned-away.ts';
import { version } from './observe/version.ts';
import { watchVitals } from './observe/vitals.ts';
import type { Authenticator } from './ports/authenticator.ts';
import type { HubEvent, HubEventListener } from './ports/hub-events.ts';
import { type Log, silentLog } from './ports/log.ts';
import type { Retention, StoredMessage, StoreIntegrity } from './ports/store.ts';

/** A page of the log, or what one commit has brought for one reader: the store commits so much at once. */
const onItsWayBytesMax = 8 * 1024 * 1024;

/** Asked by whatever watches the process, under any name. */
const probePaths: ReadonlySet<string> = new Set(['/health', '/ready']);

/** Clients are asked to come back within this time after a restart, each at its own moment. */
const reconnectSpreadMs = 5000;

/**
 * What `createHub` takes: the options of docs/options.md by the names below, in the unit that the name says (`…Ms` is
 * milliseconds, `…Bytes…` is bytes) and in no other form. Undefined is the same as left out.
 */
export interface HubOptions extends Partial<HubSettings> {
  /** The folder of the database; `:memory:` keeps nothing after the end. Needed unless `store` names a PostgreSQL database. */
  readonly data?: string;
  readonly log?: Log;
  /** Who a connection is, from its handshake. Without it everyone is who they say at `register`. */
  readonly authenticator?: Authenticator;
  /** The store can't go on. The process should end and be started again: nothing is acknowledged any more. */
  readonly onFailed?: (error: HubError) => void;
}

export interface Hub {
  /** Everything a client can do, for the application itself. */
  readonly api: HubApi;
  /**
   * Serves clients and the HTTP routes on this server. Other listeners of the server keep what is
   * not below `path`, also those added later; the hub's own pages answer only as long as there are no others.
   * Throws if a hub is attached to this server at the same path already.
   */
  attach(server: Server): void;
  /** Calls `listener` for what happens in the hub, until the returned function is called. */
  subscribe(listener: HubEventListener): () => void;
  /** Tells clients to reconnect, carries out and commits what was accepted, then closes everything (I12). */
  close(): Promise<void>;
}

/**
 * Opens the store and builds the hub. Rejects with `OptionsError`, which names everything that is wrong with the options, or with
 * `StoreStartError`; both messages are for the operator.
 */
export async function createHub(options: HubOptions): Promise<Hub> {
  const config = checkHubOptions(options);
  const log = options.log ?? silentLog;
  const authenticator = options.authenticator ?? openAuthenticator;
  const clock: Clock = systemClock;
  const random = new SystemRandom();
  const listeners = new Listeners<HubEvent>((error) => log.error({ error }, 'A listener of hub events failed.'));
  let isFailed = false;
  const base = await openBase({
    ...{ config, clock, random, log },
    onAppended: (messages) => {
      core.fanout.streams.publish(messages);
      for (const message of messages) listeners.tell(storedEvent(message));
    },
    onFailed: (error) => {
      isFailed = true;
      log.error({ code: error.code, cause: error.cause }, `the store failed: ${error.message}`);
      options.onFailed?.(error);
    },
  });
  const { store, member } = base;
  const runningMs = runningTime(clock, await store.retentionTime());
  const core: Core = new Core({
    ...{ store, clock, runningMs, random, authenticator, log, version },
    ...(member && { cluster: member.cluster, shared: member.store }),
    settings: { ...config, connectionBytesMax: connectionBytesMax(config) },
    outboxBytes: () => server.bufferedBytes,
    onEvent: (event) => listeners.tell(event),
  });
  const vitals = watchVitals(clock);
  const turnedAway = new TurnedAway(clock, log);
  const background = [
    startMaintenance({ core, store, clock, runningMs, retention: retentionOf(config), log }),
    watchDescriptors(clock, log),
    vitals.stop,
    turnedAway.stop,
    watchMemory(clock, log, (isShort) => server.saveMemory(isShort)),
  ];
  const stopBackground = (): void => background.forEach((stop) => void stop());
  const api = new HubApi(core, {
    vitals: () => vitals.read(),
    strangers: () => ({ open: server.strangerCount, displaced: turnedAway.of('displaced'), refused: turnedAway.refused }),
  });
  const server = new ProtocolServer({
    options: connectOptions(config),
    clock,
    random,
    accept: (connection, namespace) => core.accept(connection, namespace),
    hooks: connectHooks(log, turnedAway),
    cluster: member && { secret: member.secret, nodes: member.cluster },
  });
  await member?.join(clusterHandlers(core), server).catch(async (error: unknown) => {
    stopBackground();
    await base.close();
    throw error;
  });
  let isDraining = false;
  const handleHttp = await createHttpHandler({
    api,
    readiness: () => (isFailed ? 'failed' : isDraining ? 'draining' : 'ready'),
    health: () => (isFailed ? { status: 'failed' } : healthOf(store.integrity())),
    version,
    auth: authenticator.method,
    socketPath: config.path,
    log,
    cluster: member?.view,
  });

  return {
    api,
    attach: (httpServer) => server.attach(httpServer, server.guarded(handleHttp, probePaths)),
    subscribe: (listener) => listeners.add(listener),
    async close() {
      isDraining = true;
      stopBackground();
      core.announceShutdown(reconnectSpreadMs);
      await core.commandsDone();
      await server.close();
      await core.settle();
      await base.close();
    },
  };
}

const retentionOf = (config: HubSettings): Retention => ({
  deliveredMs: config.retentionDeliveredMs,
  undeliveredMs: config.retentionUndeliveredMs,
});

function connectOptions(config: HubSettings): Partial<ConnectOptions> {
  return {
    ...config,
    bufferLowWaterBytes: config.outboxLowWaterBytes,
    bufferHighWaterBytes: config.outboxHighWaterBytes,
    bufferTotalBytesMax: config.outboxTotalBytesMax,
    bufferBytesMax: connectionBytesMax(config),
    // A client that answers nothing must not hold up the shutdown beyond the drain time.
    closeTimeoutMs: Math.min(defaultConnectOptions.closeTimeoutMs, config.drainTimeoutMs),
  };
}

/** At high water a connection may still be given what was on its way to it, and a packet of full size. */
function connectionBytesMax(config: HubSettings): number {
  return config.outboxHighWaterBytes + onItsWayBytesMax + config.packetBytesMax;
}

function healthOf({ state, damagedMessages }: StoreIntegrity): Health {
  return state === 'damaged' ? { status: 'degraded', damaged: damagedMessages } : { status: 'healthy' };
}

function connectHooks(log: Log, turnedAway: TurnedAway): ConnectHooks {
  return {
    onRefused: (reason) => turnedAway.count(reason),
    onDisplaced: () => turnedAway.count('displaced'),
    onListenerFault: (error) => log.error({ error }, 'A request listener of the application failed. Its request was answered with 500.'),
    onFault: (error) => log.error({ error }, 'A handler of a connection failed. The connection is closed.'),
  };
}

function storedEvent(message: StoredMessage): HubEvent {
  return {
    type: 'stored',
    messageId: String(message.id),
    seq: message.seq,
    senderId: message.senderId,
    ...(message.recipientId === undefined ? {} : { recipientId: message.recipientId }),
    ...(message.roomId === undefined ? {} : { roomId: message.roomId }),
  };
}
