import type { ClusterView } from './ports.ts';
import { nodes } from './schemas.ts';
import type { App } from './type-provider.ts';

/**
 * `GET /api/nodes`: the nodes of the cluster as the database knows them. Requests are not authenticated, so their addresses, which are for
 * one another only, are not told: `parley nodes` shows them.
 */
export function nodesRoute(app: App, cluster: ClusterView): void {
  app.get('/api/nodes', { schema: { response: { 200: nodes } } }, async () => ({
    this_node: cluster.node,
    bus: cluster.bus,
    nodes: (await cluster.nodes()).map(({ node, startedMs, silentMs, users, connections }) => ({
      node,
      started_at: startedMs / 1000,
      silent_seconds: Math.max(0, Math.round(silentMs / 100) / 10),
      users,
      connections,
    })),
  }));
}
