/**
 * A node of a cluster, wired: its internal listener, the shared store, the bus and the cluster module.
 *
 *     listen for other nodes ─► join the store, with the address ─► agree on the secrets ─► (the stages are built) ─► hear and be heard
 */
import { randomBytes } from 'node:crypto';
import { openBus, openNotifyBus } from './bus/open-bus.ts';
import { type ClusterNode, clusterNode } from './cluster/cluster.ts';
import { beatEveryMs } from './cluster/lease.ts';
import { type HubSettings, noFile } from './config/options.ts';
import { notify, splitAddress } from './config/servers.ts';
import { type ForwardTarget, type InternalListener, startInternalListener } from './connect/internal-listener.ts';
import type { ClusterView } from './http/ports.ts';
import type { Clock } from './lib/clock.ts';
import type { Random } from './lib/random.ts';
import type { OpenBus } from './ports/bus.ts';
import type { ClusterHandlers } from './ports/cluster.ts';
import type { Log } from './ports/log.ts';
import type { Commit, SharedStore } from './ports/shared-store.ts';
import type { StoreOptions } from './ports/store.ts';
import { openPostgresStore } from './store/postgres/open.ts';
import { connectionStringOf, parseTarget } from './store/postgres/target.ts';

/** The other nodes read twice as often who is there. */
const knownToAllMs = 2 * beatEveryMs;

export interface MemberOptions {
  readonly config: HubSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly storeOptions: StoreOptions;
}

export interface Member {
  readonly store: SharedStore;
  readonly cluster: ClusterNode;
  /** The same on all nodes, and known to them only. */
  readonly secret: string;
  readonly view: ClusterView;
  /** From now on this node hears of the others, and serves its sessions to them. */
  join(handlers: ClusterHandlers, target: ForwardTarget): Promise<void>;
  /** Ends the store and tells the others. */
  leave(): Promise<void>;
}

/** Rejects with `StoreStartError`, one sentence for the operator; nothing of the node is left then. */
export async function openMember(options: MemberOptions): Promise<Member> {
  const { config, clock } = options;
  const { host, port } = splitAddress(config.clusterAddress);
  const listener = await startInternalListener({ host, port }, clock);
  try {
    return await enter(listener, options);
  } catch (error) {
    await listener.close();
    throw error;
  }
}

async function enter(listener: InternalListener, { config, clock, random, log, storeOptions }: MemberOptions): Promise<Member> {
  const passwordFile = config.storePasswordFile === noFile ? undefined : config.storePasswordFile;
  const hooks: { onCommit: (commit: Commit) => void } = { onCommit() {} };
  const store = await openPostgresStore({
    ...storeOptions,
    ...{ url: config.store, passwordFile, clock },
    address: `${config.clusterAddress.slice(0, config.clusterAddress.lastIndexOf(':'))}:${listener.port}`,
    connectionsPerUserMax: config.connectionsPerUserMax,
    onCommit: (commit) => hooks.onCommit(commit),
    onConnection: connectionNotes(log),
  });
  try {
    const secret = await store.agree('cluster_secret', randomBytes(32).toString('base64url'));
    const clusterId = await store.agree('cluster_id', random.id());
    const busOptions = { clusterId, connectionName: `parley ${store.node} bus`, clock, random };
    const bus =
      config.bus === notify
        ? openNotifyBus(() => connectionStringOf(parseTarget(config.store, passwordFile)), busOptions)
        : openBus(config.bus, busOptions);
    return wire({ store, bus, secret, hooks, listener, clock, log });
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Parts {
  readonly store: Awaited<ReturnType<typeof openPostgresStore>>;
  readonly bus: OpenBus;
  readonly secret: string;
  readonly hooks: { onCommit: (commit: Commit) => void };
  readonly listener: InternalListener;
  readonly clock: Clock;
  readonly log: Log;
}

function wire({ store, bus, secret, hooks, listener, clock, log }: Parts): Member {
  const cluster = clusterNode({ store, openBus: bus, clock, log, secret });
  hooks.onCommit = (commit) => cluster.onCommit(commit);
  return {
    store,
    cluster,
    secret,
    view: {
      get node() {
        return store.node;
      },
      get bus() {
        return cluster.stats().bus;
      },
      nodes: () => store.nodeSummaries(),
    },
    async join(handlers, target) {
      listener.serve({ secret, target });
      await cluster.join(handlers);
      // A request for one of its first sessions may come in at a node that does not know this one yet.
      if (cluster.stats().nodes > 1) await new Promise<void>((known) => clock.after(knownToAllMs, known));
      log.info({ node: store.node, nodes: cluster.stats().nodes, bus: cluster.stats().bus }, 'joined the cluster');
    },
    async leave() {
      await listener.close();
      await cluster.leave(() => store.close());
    },
  };
}

/** The database has gone, and is there again: each is said once, whatever the number of connections. */
function connectionNotes(log: Log): (problem: unknown) => void {
  let isLost = false;
  return (problem) => {
    if (problem !== undefined && !isLost) {
      log.warn({ problem: String(problem) }, 'The database does not answer: writes and reads wait until it is there again.');
    } else if (problem === undefined && isLost) log.info({}, 'The database is there again.');
    isLost = problem !== undefined;
  };
}
