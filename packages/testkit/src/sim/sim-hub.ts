/**
 * The hub of a simulation: one process after the other on the same disk. A process is the real core with virtual edges.
 *
 *     start ─► up ──kill──► down: everything but the disk is lost ─► start …
 *              └──drain──► draining: as `hub.ts` closes ─► down
 */
import type { ReaderId, ReaderStream, StoredMessage } from '@parley/hub';
import {
  Core,
  type CoreSettings,
  type Handshake,
  type HubEvent,
  type Log,
  type OutgoingPacket,
  openAuthenticator,
} from '@parley/hub/testing';
import type { SocketPacket } from '@parley/protocol';
import { emptyMemoryState, type MemoryState } from '../memory-state.ts';
import type { Invariants } from './invariants.ts';
import { ProcessClock, type SimClock } from './sim-clock.ts';
import { type ConnectionSettings, decoded, SimConnection } from './sim-connection.ts';
import type { Link } from './sim-network.ts';
import type { SimRandom } from './sim-random.ts';
import { createSimStore } from './sim-store.ts';
import type { StoreConditions } from './store-queue.ts';

export interface HubSettings {
  readonly core: CoreSettings;
  readonly connection: ConnectionSettings;
  readonly queueMessagesMax: number;
  readonly queueOverflow: 'reject' | 'drop_oldest';
  readonly senderQueueMessagesMax: number;
  readonly roomsPerUserMax: number;
  readonly devicesPerUserMax: number;
  /** Messages are removed after this time; `undefined`: never. */
  readonly retentionMs: number | undefined;
}

/** What happens to a notice of a stored message between the store and the streams: the part that a bus will play (I13). */
export interface NoticeConditions {
  lost: number;
  doubled: number;
  late: number;
}

export interface HubPorts {
  readonly settings: HubSettings;
  readonly clock: SimClock;
  readonly random: SimRandom;
  readonly storeConditions: StoreConditions;
  readonly noticeConditions: NoticeConditions;
  readonly invariants: Invariants;
  readonly trace: (line: string) => void;
}

const maintenanceMs = 1000;

export class SimHub {
  readonly #ports: HubPorts;
  readonly #disk: MemoryState = emptyMemoryState();
  #process: HubProcess | undefined;
  #started = 0;
  #accepted = 0;

  constructor(ports: HubPorts) {
    this.#ports = ports;
  }

  get process(): HubProcess | undefined {
    return this.#process;
  }

  /** How many there have been. */
  get processes(): number {
    return this.#started;
  }

  /** How many have been accepted. */
  get connections(): number {
    return this.#accepted;
  }

  start(): void {
    if (this.#process !== undefined) return;
    this.#started += 1;
    this.#ports.trace(`hub: process ${this.#started} starts`);
    this.#process = new HubProcess(this.#started, this.#disk, this.#ports, () => this.kill(true));
  }

  /** The process ends in this moment. `isSeenByClients`: its operating system lives on and closes the connections. */
  kill(isSeenByClients: boolean): void {
    if (this.#process === undefined) return;
    this.#ports.trace(`hub: process ${this.#started} is killed`);
    this.#process.die(isSeenByClients);
    this.#goDown();
  }

  /** Ends the process in good order. Resolves when it is down; never, if it is killed meanwhile. */
  async drain(): Promise<void> {
    const process = this.#process;
    if (process === undefined || process.isDraining) return;
    this.#ports.trace(`hub: process ${this.#started} drains`);
    await process.drain();
    this.#ports.trace(`hub: process ${this.#started} has ended`);
    this.#goDown();
  }

  /** Whoever watches over the hub starts it again. */
  #goDown(): void {
    this.#process = undefined;
    this.#ports.clock.after(this.#ports.random.integer(50, 2000), () => this.start());
  }

  /** A client's connection arrives. False: nobody listens. */
  accept(link: Link, owner: ReaderId, auth: Handshake['auth']): boolean {
    if (this.#process === undefined) return false;
    this.#accepted += 1;
    this.#process.accept(link, owner, auth);
    return true;
  }
}

export class HubProcess {
  readonly core: Core;
  readonly #ports: HubPorts;
  readonly #number: number;
  readonly #clock: ProcessClock;
  readonly #random: SimRandom;
  readonly #store;
  readonly #connections = new Map<string, { readonly connection: SimConnection; readonly owner: ReaderId }>();
  readonly #packets = new WeakMap<OutgoingPacket, SocketPacket>();
  /** What the store has just answered to the `openReader` that makes the next session. */
  #opened: readonly ReaderStream[] = [];
  #isDraining = false;

  constructor(number: number, disk: MemoryState, ports: HubPorts, onFailed: () => void) {
    const { settings, random, storeConditions, invariants } = ports;
    this.#ports = ports;
    this.#number = number;
    this.#clock = new ProcessClock(ports.clock);
    this.#random = random.fork(`process ${number}`);
    this.#store = createSimStore({
      options: {
        queueMessagesMax: settings.queueMessagesMax,
        queueOverflow: settings.queueOverflow,
        senderQueueMessagesMax: settings.senderQueueMessagesMax,
        roomsPerUserMax: settings.roomsPerUserMax,
        devicesPerUserMax: settings.devicesPerUserMax,
        onDamaged() {},
        onDamagedPart() {},
        onAppended: (messages) => this.#notice(messages),
        onFailed: () => this.#clock.after(this.#random.integer(0, 50), onFailed),
      },
      state: disk,
      clock: this.#clock,
      random: this.#random.fork('store'),
      conditions: storeConditions,
      observer: {
        ...invariants.storeObserver,
        onOpenAnswered: (_reader, streams) => {
          this.#opened = streams;
        },
      },
      onProcessLost: onFailed,
    });
    this.core = new Core({
      settings: settings.core,
      store: this.#store,
      clock: this.#clock,
      runningMs: () => this.#clock.monotonic(),
      random: this.#random.fork('core'),
      authenticator: openAuthenticator,
      outboxBytes: () => this.outboxBytes(),
      log: traceErrors(ports.trace),
      version: 'sim',
      onEvent: (event) => this.#onEvent(event),
    });
    this.#maintain();
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  outboxBytes(): number {
    let bytes = 0;
    for (const { connection } of this.#connections.values()) bytes += connection.bufferedBytes;
    return bytes;
  }

  accept(link: Link, owner: ReaderId, auth: Handshake['auth']): void {
    const { settings, invariants, trace } = this.#ports;
    const id = `${this.#number}.${this.#random.id().slice(0, 6)}`;
    const connection = new SimConnection(id, link, auth, {
      clock: this.#clock,
      settings: settings.connection,
      decode: (packet) => this.#decode(packet),
      onSent: (sender, packet, bytesBefore) => invariants.onSent(sender.id, packet, bytesBefore),
      onEnded: (ended, reason) => {
        trace(`hub: connection ${ended.id} ends: ${reason}`);
        this.#connections.delete(ended.id);
        invariants.delivery.onEnded(ended.id);
      },
    });
    this.#connections.set(id, { connection, owner });
    trace(`hub: connection ${id} opens for ${owner.userId}/${owner.deviceId}`);
    void this.core.accept(connection, '/').then((accepted) => {
      if ('refuse' in accepted) connection.refuse(accepted.refuse);
      else connection.open(accepted);
    });
  }

  die(isSeenByClients: boolean): void {
    this.#clock.end();
    for (const { connection } of this.#connections.values()) connection.die(isSeenByClients);
    this.#ports.invariants.delivery.onProcessLost();
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    this.core.announceShutdown(500);
    await this.core.commandsDone();
    for (const { connection } of this.#connections.values()) connection.close('server shutting down');
    while (this.#connections.size > 0) await new Promise<void>((resolve) => this.#clock.after(10, resolve));
    await this.core.settle();
    await this.#store.close();
    this.#ports.invariants.onDrained(this);
    this.#clock.end();
  }

  #decode(packet: OutgoingPacket): SocketPacket {
    const known = this.#packets.get(packet);
    if (known !== undefined) return known;
    const socketPacket = decoded(packet.text);
    this.#packets.set(packet, socketPacket);
    return socketPacket;
  }

  #onEvent(event: HubEvent): void {
    if (event.type === 'presence') this.#ports.trace(`hub: ${event.userId} is ${event.state}`);
    if (event.type === 'unregistered') this.#ports.invariants.delivery.onEnded(event.connectionId);
    if (event.type !== 'registered') return;
    const owner = this.#connections.get(event.connectionId)?.owner;
    if (owner !== undefined) this.#ports.invariants.delivery.onRegistered(event.connectionId, owner, this.#opened);
  }

  /** Each message may get lost by itself, or come late or again, as over a bus. */
  #notice(messages: readonly StoredMessage[]): void {
    const { lost, doubled, late } = this.#ports.noticeConditions;
    const publishLater = (message: StoredMessage): void =>
      void this.#clock.after(this.#random.integer(1, 200), () => this.core.fanout.streams.publish([message]));
    const inTime = messages.filter((message) => {
      if (this.#random.chance(lost)) {
        this.#ports.trace(`hub: notice of ${message.stream} ${message.seq} is lost`);
        return false;
      }
      if (this.#random.chance(doubled)) publishLater(message);
      const isLate = this.#random.chance(late);
      if (isLate) publishLater(message);
      return !isLate;
    });
    this.core.fanout.streams.publish(inTime);
  }

  #maintain(): void {
    const { retentionMs } = this.#ports.settings;
    this.#clock.after(maintenanceMs, () => {
      this.core.tick();
      if (retentionMs !== undefined) {
        const retention = { deliveredMs: retentionMs, undeliveredMs: retentionMs };
        // A store that can't now will be asked again.
        this.#store.expire(retention, this.#clock.monotonic()).catch(() => {});
      }
      this.#maintain();
    });
  }
}

function traceErrors(trace: (line: string) => void): Log {
  return {
    debug() {},
    info() {},
    warn() {},
    error: (fields, message) => trace(`hub: ${message}: ${describe(Reflect.get(fields, 'error'))}`),
  };
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
