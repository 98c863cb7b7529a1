/** Several hubs without their edges over one store and one bus, all in memory. */
import { createMemoryShared } from '@parley/testkit';
import { FakeBus } from './cluster/bus.test-support.ts';
import { type ClusterNode, clusterNode } from './cluster/cluster.ts';
import { clusterHandlers } from './cluster-handlers.ts';
import { startTestHub, type TestHubOptions } from './core.test-support.ts';
import { ManualClock } from './lib/manual-clock.test-support.ts';
import { silentLog } from './ports/log.ts';

const stepMs = 10;

export interface TestClusterOptions extends Pick<TestHubOptions, 'settings'> {
  readonly connectionsPerUserMax?: number;
}

export async function startTestCluster(nodes: number, { settings = {}, connectionsPerUserMax = 10 }: TestClusterOptions = {}) {
  const clock = new ManualClock();
  const shared = createMemoryShared({ now: () => clock.now(), connectionsPerUserMax });
  const bus = new FakeBus(() => 0.5);

  /** Lets time pass, a little at a time, and everything happen that follows from it. */
  const after = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.advance(stepMs);
      await settled();
    }
  };

  const start = async () => {
    let cluster: ClusterNode | undefined;
    const store = shared.open(
      { onAppended: (messages) => hub.core.fanout.streams.publish(messages) },
      { onCommit: (commit) => cluster?.onCommit(commit) },
    );
    const node = clusterNode({ store, openBus: bus.opener(clock), clock, log: silentLog, secret: 'secret' });
    cluster = node;
    /** What the node is told to believe of itself, whatever its heart says. */
    const belief = { isSure: true };
    const seen = {
      get node() {
        return node.node;
      },
      get isSure() {
        return belief.isSure && node.isSure;
      },
      signal: node.signal,
    };
    const hub = startTestHub({ settings: { connectionsPerUserMax, ...settings }, node: { clock, store, shared: store, cluster: seen } });
    const handlers = clusterHandlers(hub.core);
    await node.join(handlers);
    return { ...hub, belief, cluster: node, handlers };
  };

  const hubs: Awaited<ReturnType<typeof start>>[] = [];
  for (let node = 0; node < nodes; node++) hubs.push(await start());
  await after(20);
  return { hubs, shared, bus, clock, after };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
