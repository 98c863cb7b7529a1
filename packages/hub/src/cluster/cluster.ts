/**
 * One node of a cluster: what joins a shared store, a bus and the stages.
 *
 *     commit here ─► Outgoing ─► bus ─► Incoming ─► messages, members, presence to the stages
 *                                           │ heard positions
 *     store ─► Mender, every 500 ms ────────┴─► what the bus has lost
 *     store ◄─ Heart, every second: beats, ends silent nodes, finds that this one was ended
 */
import type { Clock } from '../lib/clock.ts';
import type { Bus, OpenBus } from '../ports/bus.ts';
import type { Cluster, ClusterHandlers, LiveEvent } from '../ports/cluster.ts';
import type { Log } from '../ports/log.ts';
import type { NodeTable } from '../ports/node-table.ts';
import type { Commit, NodeId, SharedStore } from '../ports/shared-store.ts';
import { Heart } from './heart.ts';
import { Incoming, type IncomingStats } from './incoming.ts';
import { beatEveryMs } from './lease.ts';
import { type Loop, loop } from './loop.ts';
import { Mender, type MenderStats, roundEveryMs } from './mender.ts';
import { Outgoing } from './outgoing.ts';
import { Positions } from './positions.ts';
import { Roster } from './roster.ts';
import { sealWith } from './sealed.ts';

export interface ClusterPorts {
  readonly store: SharedStore;
  readonly openBus: OpenBus;
  readonly clock: Clock;
  readonly log: Log;
  /** The same on all nodes. */
  readonly secret: string;
}

export interface ClusterStats extends IncomingStats, MenderStats {
  readonly node: NodeId;
  readonly isSure: boolean;
  /** `down` also while it carries nothing although it says that it is up. */
  readonly bus: 'up' | 'down';
  /** Frames that the bus did not send. */
  readonly busDropped: number;
  /** This one included. */
  readonly nodes: number;
}

export interface ClusterNode extends Cluster, NodeTable {
  /** Call it before the first connection. Rejects if the store can't be asked. */
  join(handlers: ClusterHandlers): Promise<void>;
  /** A commit of this node, see `SharedStoreHooks`. */
  onCommit(commit: Commit): void;
  /** Ends all work, then the store, and says goodbye to the others. */
  leave(closeStore: () => Promise<void>): Promise<void>;
  stats(): ClusterStats;
}

/** So long frames may be on their way back to their sender; then another is sent, and after the longer time the bus counts as down. */
const unheardProbeMs = 1_000;
const unheardMaxMs = 3_000;

export function clusterNode(ports: ClusterPorts): ClusterNode {
  const { store } = ports;
  let joined: JoinedNode | undefined;
  return {
    get node() {
      return store.node;
    },
    get isSure() {
      return joined?.isSure ?? false;
    },
    async join(handlers) {
      joined = new JoinedNode(ports, handlers);
      try {
        await joined.begin();
      } catch (error) {
        await joined.stop();
        throw error;
      }
    },
    onCommit: (commit) => joined?.onCommit(commit),
    signal: (event) => joined?.signal(event),
    addressOf: (node) => joined?.addressOf(node),
    async leave(closeStore) {
      await joined?.rest();
      await closeStore();
      joined?.goodbye();
      await joined?.stop();
    },
    stats: () => joined?.stats() ?? { ...nothingYet, node: store.node },
  };
}

const nothingHeard = { heard: 0, doubled: 0, refused: 0, ofEnded: 0, mended: 0, lastMendMs: 0 };
const nothingYet: ClusterStats = { ...nothingHeard, node: 0, isSure: false, bus: 'down', busDropped: 0, nodes: 0 };

class JoinedNode {
  readonly #ports: ClusterPorts;
  readonly #handlers: ClusterHandlers;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  readonly #roster: Roster;
  readonly #mender: Mender;
  readonly #heart: Heart;
  #addresses: ReadonlyMap<NodeId, string> = new Map();
  #loops: readonly Loop[] = [];
  #bus: Bus | undefined;
  #busState: 'up' | 'down' = 'down';
  #isStoreLost = false;

  constructor(ports: ClusterPorts, handlers: ClusterHandlers) {
    const { store, clock, log, secret } = ports;
    const [positions, seal, node] = [new Positions(), sealWith(secret), () => store.node];
    this.#ports = ports;
    this.#handlers = handlers;
    this.#roster = new Roster({
      tell: (entry) => handlers.presence(entry),
      gone: (gone, lastSeenMs) => handlers.nodeGone(gone, lastSeenMs),
    });
    const roster = this.#roster;
    this.#outgoing = new Outgoing({ clock, seal, node, bus: () => this.#bus });
    this.#incoming = new Incoming({
      ...{ clock, seal, node, positions, roster, handlers },
      onOwn: () => this.#outgoing.heard(),
      onJoined: (userId) => this.#mender.began(userId),
      onUnknownNode: () => this.#lookSoon(),
    });
    this.#mender = new Mender({
      ...{ store, clock, positions, roster, handlers },
      isBusDown: () => this.#seenBusState() === 'down',
      onNodes: (startedMs) => this.#incoming.onNodes(startedMs),
    });
    this.#heart = new Heart({
      ...{ store, clock, log },
      onNodes: (nodes) => {
        this.#addresses = new Map(nodes.map(({ node: other, address }) => [other, address]));
        for (const other of nodes) roster.seen(other.node, other.beatAtMs);
      },
      onEnded: ({ node: ended }) => {
        this.#outgoing.ended(ended);
        this.#roundSoon();
      },
      onFenced: () => this.#onFenced(),
    });
  }

  get isSure(): boolean {
    return this.#heart.isSure;
  }

  addressOf(node: NodeId): string | undefined {
    return this.#roster.has(node) ? this.#addresses.get(node) : undefined;
  }

  async begin(): Promise<void> {
    const { openBus, clock, log } = this.#ports;
    this.#bus = await openBus({
      onFrame: (frame) => this.#incoming.hear(frame),
      onState: (state, reason) => this.#onBusState(state, reason),
    });
    await this.#heart.beat();
    await this.#mender.begin(false);
    await this.#heart.judge();
    this.#outgoing.probe();
    const failed = (error: unknown): void => {
      if (!this.#isStoreLost) log.warn({ error }, 'The store does not answer.');
      this.#isStoreLost = true;
    };
    const answered = (): void => {
      this.#isStoreLost = false;
    };
    this.#loops = [
      loop(clock, roundEveryMs, () => this.#round().then(answered), failed),
      loop(clock, beatEveryMs, () => this.#heart.beat().then(answered), failed),
      loop(clock, beatEveryMs, () => this.#judge().then(answered), failed),
    ];
  }

  onCommit(commit: Commit): void {
    const users = new Set(commit.news.flatMap((news) => (news.kind === 'user' ? [news.userId] : [])));
    const entries = [...users].map((userId) => this.#handlers.entryOf(userId));
    for (const { userId, connections } of entries) if (connections > 0) this.#mender.began(userId);
    this.#outgoing.commit(commit, entries);
  }

  signal(event: LiveEvent): void {
    this.#outgoing.live(event);
  }

  /** Ends the work of every second. Frames are still sent. */
  async rest(): Promise<void> {
    await Promise.all(this.#loops.map((one) => one.stop()));
  }

  goodbye(): void {
    this.#outgoing.ended(this.#ports.store.node);
  }

  async stop(): Promise<void> {
    await this.#bus?.close();
  }

  stats(): ClusterStats {
    const { store } = this.#ports;
    const nodes = this.#roster.nodes().length + 1;
    const state = { node: store.node, isSure: this.isSure, bus: this.#seenBusState(), busDropped: this.#bus?.dropped ?? 0, nodes };
    return { ...this.#incoming.stats, ...this.#mender.stats, ...state };
  }

  async #round(): Promise<void> {
    if (this.#heart.isFenced) return this.#rejoin();
    if (this.#outgoing.unheardMs(this.#ports.clock.monotonic()) > unheardProbeMs) this.#outgoing.probe();
    await this.#mender.round();
  }

  async #judge(): Promise<void> {
    if (!this.#heart.isFenced) await this.#heart.judge();
  }

  /** There is a node that is not known yet. */
  #lookSoon(): void {
    const [rounds, , judging] = this.#loops;
    rounds?.soon();
    judging?.soon();
  }

  #roundSoon(): void {
    this.#loops[0]?.soon();
  }

  #seenBusState(): 'up' | 'down' {
    return this.#outgoing.unheardMs(this.#ports.clock.monotonic()) > unheardMaxMs ? 'down' : this.#busState;
  }

  #onBusState(state: 'up' | 'down', reason: string | undefined): void {
    const { log, store } = this.#ports;
    if (state === 'down') log.warn({ node: store.node, reason }, 'The bus is down: other nodes hear of messages up to a second later.');
    else if (this.#bus !== undefined) log.info({ node: store.node }, 'The bus is up again.');
    if (state === 'up') this.#outgoing.heard();
    this.#busState = state;
    this.#roundSoon();
  }

  #onFenced(): void {
    const { log, store } = this.#ports;
    log.error(
      { node: store.node },
      'This node was away for so long that another one has ended it: closing all connections, to begin anew.',
    );
    this.#handlers.fenced();
    this.#roundSoon();
  }

  async #rejoin(): Promise<void> {
    const { store, log } = this.#ports;
    await store.rejoin();
    for (const node of this.#roster.nodes()) this.#roster.end(node);
    this.#outgoing.reset();
    await this.#mender.begin(true);
    this.#heart.begin();
    await this.#heart.beat();
    this.#outgoing.probe();
    log.info({ node: store.node }, 'Joined the cluster anew.');
  }
}
