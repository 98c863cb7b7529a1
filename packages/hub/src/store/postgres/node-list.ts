/** The nodes of a cluster, for whoever looks after it. */
import { systemClock } from '../../lib/clock.ts';
import type { NodeSummary } from '../../ports/shared-store.ts';
import { StoreStartError } from '../start-error.ts';
import { type Sql, sqlState } from './connection.ts';
import { firstConnection } from './start-check.ts';
import { parseTarget } from './target.ts';

/** Somebody waits for the table. */
const connectTimeoutMs = 5000;
const answerTimeoutMs = 10_000;

interface NodeRow {
  readonly node: number;
  readonly address: string;
  readonly started_ms: number;
  readonly silent_ms: number;
  readonly commits: number;
  readonly users: number;
  readonly connections: number;
}

/** Sessions are counted once for all nodes. `$1`: those of users who are invisible too. */
const text = `
  SELECT n.node_id AS node, n.address, n.started_at AS started_ms,
    (extract(epoch FROM clock_timestamp() - n.beat_at) * 1000)::double precision AS silent_ms,
    coalesce((SELECT l.position FROM lanes l WHERE l.node_id = n.node_id AND l.lane = 0), 0) AS commits,
    coalesce(s.users, 0) AS users, coalesce(s.connections, 0) AS connections
  FROM nodes n LEFT JOIN (
    SELECT node_id, count(DISTINCT user_id) AS users, count(*) AS connections FROM sessions
    WHERE $1 OR user_id NOT IN (SELECT user_id FROM connection_state WHERE state = 'invisible')
    GROUP BY node_id
  ) s ON s.node_id = n.node_id
  WHERE NOT n.ended ORDER BY n.node_id`;

/** The nodes that have not ended. */
export async function listNodes(sql: Sql, { invisible }: { readonly invisible: boolean }): Promise<readonly NodeSummary[]> {
  const rows = await sql.query<NodeRow>({ text, values: [invisible] });
  return rows.map(({ started_ms: startedMs, silent_ms: silentMs, ...row }) => ({ ...row, startedMs, silentMs }));
}

/** Asks the database alone, over a connection of its own. Rejects with `StoreStartError`, one sentence for the operator. */
export async function readNodes(store: string, passwordFile: string | undefined): Promise<readonly NodeSummary[]> {
  const target = parseTarget(store, passwordFile);
  const connection = await firstConnection(target, { name: 'parley nodes', connectTimeoutMs, answerTimeoutMs, clock: systemClock });
  try {
    return await listNodes(connection, { invisible: true });
  } catch (error) {
    const isEmpty = sqlState(error) === '42P01';
    const problem = isEmpty ? 'holds no cluster: no hub has been started on it yet' : 'was lost while it was asked: try again';
    throw new StoreStartError(`${target.description} ${problem}.`, { cause: error });
  } finally {
    await connection.close().catch(() => {});
  }
}
