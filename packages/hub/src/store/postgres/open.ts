/**
 * The PostgreSQL adapter of the store port, for one node of a cluster. It writes through two lanes, each with a connection of its own, reads
 * over a few others, and asks who is there over one more. The server may go away: writes and reads wait for it.
 */
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { NodeId, SharedStoreHooks } from '../../ports/shared-store.ts';
import type { StoreOptions } from '../../ports/store.ts';
import { DamageLog } from '../damage-log.ts';
import { insertNode } from './cluster-calls.ts';
import { createCommits } from './commits.ts';
import type { Connection } from './connection.ts';
import { Lane } from './lane.ts';
import { Link } from './link.ts';
import { migrate } from './migrations.ts';
import { createReads } from './reads.ts';
import { Recent } from './recent.ts';
import { checkServer, firstConnection, refuseTransactionPooler } from './start-check.ts';
import { createStore, type PostgresStore } from './store.ts';
import { parseTarget, type Target } from './target.ts';

export interface PostgresOptions extends SharedStoreHooks {
  /** `postgres://user@host:port/database`, as libpq takes it. */
  readonly url: string;
  /** A file that holds the password, for a URL without one; else PGPASSWORD and PGPASSFILE are asked. */
  readonly passwordFile?: string | undefined;
  /** Where other nodes reach this one: `host:port`; empty by default. */
  readonly address?: string | undefined;
  /** Open readers of one user over all nodes; above it `openReader` is refused with `connection_limit`. No limit by default. */
  readonly connectionsPerUserMax?: number | undefined;
  /** Writes that wait or are being committed in each lane; those that clients cause are refused with `overloaded` above it. Their bytes alone count by default. */
  readonly pendingWritesMax?: number | undefined;
  /** About how much memory those writes may hold. 64 MB by default. */
  readonly pendingBytesMax?: number | undefined;
  /** How long the counts of messages are good: counting them takes a while. 10 s by default. */
  readonly countedForMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** A connection could not be made, for this reason, or is there again: `undefined`. The store goes on by itself. */
  readonly onConnection?: ((problem: unknown) => void) | undefined;
}

const readConnections = 3;
/** An answer may wait for locks of other nodes, and for a checkpoint. */
const laneAnswerTimeoutMs = 15_000;
const readAnswerTimeoutMs = 15_000;
const readPatienceMs = 20_000;
/** The lease rests on these answers. */
const controlAnswerTimeoutMs = 3_000;
const connectTimeoutMs = 5_000;
/** As far as the numbers of a user's sessions reach. */
const slotsMax = 2_000_000_000;

/** Joins the cluster as a new node. Rejects with `StoreStartError`, one sentence for the operator. */
export async function openPostgresStore(options: StoreOptions & PostgresOptions): Promise<PostgresStore> {
  const { url, passwordFile, clock = systemClock, address = '' } = options;
  const target = parseTarget(url, passwordFile);
  const startedMs = clock.now();
  const current = { node: await join(target, clock, { address, startedMs }) };
  const nameOf = (purpose: string) => () => `parley ${current.node} ${purpose}`;
  const link = (purpose: string, answerTimeoutMs: number, prepare?: (connection: Connection) => Promise<void>): Link =>
    new Link({ target, clock, name: nameOf(purpose), prepare, answerTimeoutMs, onState: options.onConnection });
  const links = {
    messages: link('messages', laneAnswerTimeoutMs, endEarlier),
    others: link('others', laneAnswerTimeoutMs, endEarlier),
    control: link('control', controlAnswerTimeoutMs),
    expire: link('expire', laneAnswerTimeoutMs),
    reads: Array.from({ length: readConnections }, () => link('read', readAnswerTimeoutMs)),
  };
  const onFenced = (): void => {
    lanes.messages.stop();
    lanes.others.stop();
  };
  const lanes = {
    messages: new Lane({ lane: 0, link: links.messages, clock, onFenced }),
    others: new Lane({ lane: 1, link: links.others, clock, onFenced }),
  };
  lanes.messages.begin(current.node);
  lanes.others.begin(current.node);
  const recent = new Recent();
  const limits = { ...options, connectionsPerUserMax: options.connectionsPerUserMax ?? slotsMax };
  const commits = createCommits({
    ...lanes,
    clock,
    limits,
    recent,
    onCommit: options.onCommit,
    pendingCallsMax: options.pendingWritesMax ?? Number.POSITIVE_INFINITY,
    pendingBytesMax: options.pendingBytesMax ?? 64 * 1024 * 1024,
  });
  const reads = createReads({ links: links.reads, clock, patienceMs: readPatienceMs });
  const identity = { address, startedMs };
  return createStore({ options, clock, current, identity, links, lanes, commits, recent, reads, damage: new DamageLog(options) });
}

/** Everything that is checked once, over two connections of its own. */
async function join(target: Target, clock: Clock, { address, startedMs }: { address: string; startedMs: number }): Promise<NodeId> {
  const options = { name: 'parley starting', clock, connectTimeoutMs, answerTimeoutMs: 60_000 };
  const first = await firstConnection(target, options);
  try {
    await checkServer(target, first);
    const second = await firstConnection(target, options);
    try {
      await refuseTransactionPooler(target, first, second);
    } finally {
      await second.close().catch(() => {});
    }
    await migrate(first, target.description);
    return await insertNode(first, address, startedMs);
  } finally {
    await first.close().catch(() => {});
  }
}

/** The connection before this one, should the server still wait for it with locks in its hands. A commit that is under way is finished. */
async function endEarlier(connection: Connection): Promise<void> {
  await connection.query({
    text: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()`,
    values: [],
  });
}
