/** Everything of one simulation, put together from a seed: who takes part, how the hub is set, and how much can go wrong. */
import type { ClientConnection } from './client-connection.ts';
import { Invariants } from './invariants.ts';
import { Ledger } from './ledger.ts';
import { SimClient } from './sim-client.ts';
import { SimClock } from './sim-clock.ts';
import { type HubSettings, type NoticeConditions, SimHub } from './sim-hub.ts';
import { Link, type LinkSettings, type PipeSettings } from './sim-network.ts';
import { SimRandom } from './sim-random.ts';
import { goodConditions, type StoreConditions } from './store-queue.ts';
import { Verdict } from './violation.ts';

/** How much of each kind of trouble a run has, from 0 to 1. */
export interface TroubleLevels {
  readonly network: number;
  readonly store: number;
  readonly hub: number;
  readonly clock: number;
  readonly notices: number;
}

const pingIntervalMs = 3000;
const pingTimeoutMs = 2000;
const floorBytes = 300;
const highWaterBytes = 3000;
const lowWaterBytes = 1000;
const connectionBytesMax = 200_000;
/** A page of the log (`goodConditions.pageMessages` of the largest messages), and answers that a client lets lie. */
const beyondHighWaterBytes = 16_000;

const names = ['1', '2', 'ann', 'bob', '35', 'eve'];
const rooms = ['lobby', 'kitchen', 'garden'];

export class World {
  readonly clock = new SimClock();
  readonly ledger = new Ledger();
  readonly verdict = new Verdict();
  readonly random: SimRandom;
  readonly troubleLevels: TroubleLevels;
  readonly users: readonly string[];
  readonly rooms: readonly string[];
  readonly clients: readonly SimClient[];
  readonly hub: SimHub;
  readonly invariants: Invariants;
  readonly storeConditions: StoreConditions = { ...goodConditions };
  readonly noticeConditions: NoticeConditions = { lost: 0, doubled: 0, late: 0 };
  readonly trace: (line: string) => void;

  constructor(seed: number, trace: (line: string) => void) {
    const random = new SimRandom(seed).fork('world');
    this.random = random;
    this.trace = (line) => trace(`${String(this.clock.monotonic()).padStart(6)} ${line}`);
    this.troubleLevels = { network: level(random), store: level(random), hub: level(random), clock: level(random), notices: level(random) };
    this.users = names.slice(0, random.integer(2, names.length));
    this.rooms = rooms.slice(0, random.integer(1, rooms.length));
    const { ledger, verdict, users, clock } = this;
    this.invariants = new Invariants({ ledger, verdict, users, outboxBytesMax: highWaterBytes + beyondHighWaterBytes });
    const common = { clock, storeConditions: this.storeConditions, noticeConditions: this.noticeConditions, invariants: this.invariants };
    this.hub = new SimHub({ ...common, settings: hubSettings(random), random: random.fork('hub'), trace: this.trace });
    this.clients = this.users.flatMap((userId) => this.#devicesOf(userId));
  }

  /** One to three devices; those without a name share the user's own cursor. */
  #devicesOf(userId: string): SimClient[] {
    const deviceIds = ['', 'phone', 'tablet', ''].slice(0, this.random.integer(1, 3));
    return deviceIds.map((deviceId, index) => {
      const random = this.random.fork(`client ${userId} ${index}`);
      return new SimClient(
        {
          name: `${userId}-${index + 1}`,
          userId,
          deviceId: random.chance(0.4) ? '' : deviceId,
          ackMode: random.chance(0.3) ? 'explicit' : 'pong',
          hasIdentityInHandshake: random.chance(0.5),
          watches: this.users.filter((other) => other !== userId && random.chance(0.5)),
        },
        {
          clock: this.clock,
          random,
          ledger: this.ledger,
          verdict: this.verdict,
          silenceMaxMs: pingIntervalMs + pingTimeoutMs + 500,
          trace: this.trace,
          dial: (client, connection) => this.#dial(client, connection, random),
        },
      );
    });
  }

  #dial(client: SimClient, connection: ClientConnection, random: SimRandom): Link {
    const settings = linkSettings(random);
    const link = new Link({ clock: this.clock, random, settings }, connection);
    this.clock.after(settings.up.latencyMs, () => {
      if (!connection.isOpen || link.isCut) return;
      if (!this.hub.accept(link, client.settings, client.auth)) link.cut({ hub: false, client: true });
    });
    return link;
  }
}

/** Often nothing, often a little, sometimes a lot. */
function level(random: SimRandom): number {
  return random.chance(0.35) ? 0 : random.fraction() ** 2;
}

function hubSettings(random: SimRandom): HubSettings {
  return {
    core: {
      contentBytesMax: 65_536,
      contentDepthMax: 64,
      messageBytesMax: 4 * 1024 * 1024,
      watchesPerConnectionMax: 10_000,
      watchesTotalMax: 250_000,
      roomMembersDefault: 100,
      roomsCreateOnJoin: true,
      connectionsPerUserMax: 4,
      registerTimeoutMs: 4000,
      idleTimeoutMs: random.chance(0.5) ? 2500 : 600_000,
      outboxFloorBytes: floorBytes,
      outboxHighWaterBytes: highWaterBytes,
      outboxLowWaterBytes: lowWaterBytes,
      connectionBytesMax,
      outboxTotalBytesMax: random.chance(0.3) ? 6000 : 1_000_000,
      slowDeadlineMs: 2500,
    },
    connection: { lowWaterBytes, bufferBytesMax: connectionBytesMax, pingIntervalMs, pingTimeoutMs, closeTimeoutMs: 1000 },
    queueMessagesMax: random.chance(0.2) ? 25 : 10_000,
    queueOverflow: random.chance(0.5) ? 'reject' : 'drop_oldest',
    senderQueueMessagesMax: 10_000,
    roomsPerUserMax: 1_000,
    devicesPerUserMax: 100,
    retentionMs: random.chance(0.15) ? 6000 : undefined,
  };
}

function linkSettings(random: SimRandom): LinkSettings {
  const isSlow = random.chance(0.2);
  const down: PipeSettings = {
    latencyMs: random.integer(1, isSlow ? 300 : 40),
    jitterMs: random.integer(0, 20),
    bytesPerMs: isSlow ? random.integer(8, 30) : 1000,
    windowBytes: random.integer(500, 4000),
  };
  return { down, up: { ...down, bytesPerMs: 1000, windowBytes: 1_000_000 } };
}
