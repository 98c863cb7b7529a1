/** `parley nodes`: the nodes of a cluster, as its database knows them. It asks no node, so it answers whatever state they are in. */
import type { NodeSummary } from './ports/shared-store.ts';

const headings = ['NODE', 'ADDRESS', 'SINCE', 'LAST BEAT', 'USERS', 'CONNECTIONS', 'COMMITS'];

/** For people. */
export function nodesTable(nodes: readonly NodeSummary[]): string {
  if (nodes.length === 0) return 'No node runs on this database.\n';
  const rows = [headings, ...nodes.map(cells)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/** For programs: in the units that the names say. */
export function nodesJson(nodes: readonly NodeSummary[]): string {
  const view = nodes.map(({ node, address, startedMs, silentMs, users, connections, commits }) => ({
    node,
    address,
    started_at: startedMs / 1000,
    silent_seconds: silentMs / 1000,
    users,
    connections,
    commits,
  }));
  return `${JSON.stringify({ nodes: view })}\n`;
}

function cells({ node, address, startedMs, silentMs, users, connections, commits }: NodeSummary): string[] {
  const since = new Date(startedMs).toISOString().replace('T', ' ').slice(0, 19);
  const beat = `${(Math.max(0, silentMs) / 1000).toFixed(1)} s ago`;
  return [String(node), address || '-', `${since} UTC`, beat, String(users), String(connections), String(commits)];
}
