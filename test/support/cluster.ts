/** Real hubs that share a PostgreSQL database of their own, over any bus. */
import { natsProgram, type PostgresServer, postgresMissing, redisProgram, startNats, startPostgres, startRedis } from '@parley/testkit';
import { type HubProcess, type HubProcessOptions, startHubProcess } from './hub-process.ts';

export type BusName = 'notify' | 'redis' | 'nats';

export interface TestCluster {
  /** The URL of the database, as `--store` takes it. */
  readonly store: string;
  readonly postgres: PostgresServer;
  /** Undefined if the database is the bus. */
  readonly bus: Awaited<ReturnType<typeof startRedis>> | undefined;
  readonly nodes: readonly HubProcess[];
  /** One more node, or with the port of one that has ended, that one again. */
  startNode(options?: Pick<HubProcessOptions, 'port' | 'args'>): Promise<HubProcess>;
  /** Ends everything. */
  end(): Promise<void>;
}

export interface ClusterOptions {
  readonly nodes?: number;
  readonly bus?: BusName;
  /** Of every node, as on the command line. */
  readonly args?: readonly string[];
}

/** What would have to be installed for a cluster with this bus; undefined if it can run. */
export function clusterMissing(bus: BusName = 'notify'): string | undefined {
  if (bus === 'redis' && redisProgram === undefined) return 'redis-server';
  if (bus === 'nats' && natsProgram === undefined) return 'nats-server';
  return postgresMissing();
}

export async function startCluster({ nodes: count = 2, bus = 'notify', args = [] }: ClusterOptions = {}): Promise<TestCluster> {
  const postgres = await startPostgres();
  const busServer = bus === 'redis' ? await startRedis() : bus === 'nats' ? await startNats() : undefined;
  const store = await postgres.createDatabase();
  const nodes: HubProcess[] = [];
  const busArgs = busServer === undefined ? [] : ['--bus', `${bus}://127.0.0.1:${busServer.port}`];
  const startNode: TestCluster['startNode'] = async (options = {}) => {
    const node = await startHubProcess({ ...options, args: ['--store', store, ...busArgs, ...args, ...(options.args ?? [])] });
    nodes.push(node);
    return node;
  };
  const end = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    await busServer?.dispose();
    await postgres.remove();
  };
  try {
    // The first one makes the tables; the others would wait for it anyway.
    for (let index = 0; index < count; index++) await startNode();
  } catch (error) {
    await end();
    throw error;
  }
  return { store, postgres, bus: busServer, nodes, startNode, end };
}

/** Two nodes, of a cluster that has at least so many. */
export function pair({ nodes: [a, b] }: TestCluster): readonly [HubProcess, HubProcess] {
  if (a === undefined || b === undefined) throw new Error('The cluster has fewer than two nodes.');
  return [a, b];
}
