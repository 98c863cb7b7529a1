/**
 * Retention: a sweep walks through all streams in their order, a bounded part for each call, and removes what is old of each. One node at
 * a time: what another one is about to remove is left to it.
 */
import type { NodeId } from '../../ports/shared-store.ts';
import type { Retention } from '../../ports/store.ts';
import type { Sql } from './connection.ts';
import type { Written } from './rooms.ts';

/** Meanwhile the lane commits nothing else. */
const messagesMax = 1_000;
/** Most have nothing that is old, which two looks into an index show. */
const streamsMax = 500;
const readersMax = 100;

/** Any number that other programs are unlikely to lock. */
const expireLock = 7_275_398_532;

type Expired = { readonly removed: number; readonly more: boolean };

export type Expire = (sql: Sql, retention: Retention, nowMs: number) => Promise<Written<Expired>>;

/** For a transaction of its own, because it locks the rows of many streams. The `node` counts for itself. */
export function createExpire(node: () => NodeId): Expire {
  let afterStream = '';
  let lastReader = { userId: '', deviceId: '' };

  return async (sql, { deliveredMs, undeliveredMs }, nowMs) => {
    if (!(await begin(sql, nowMs))) return { value: { removed: 0, more: false }, news: [] };
    // By itself: a second round of locks in the same transaction could wait in a circle with appends.
    const purged = await purge(sql);
    if (purged !== null) return { value: { removed: purged, more: true }, news: [] };
    const part = await expireStreams(sql, [afterStream, nowMs - deliveredMs, nowMs - undeliveredMs, streamsMax, messagesMax]);
    if (part.expired > 0) await count(sql, node(), part.expired);
    lastReader = await forgetUnused(sql, lastReader, nowMs - Math.max(deliveredMs, undeliveredMs));
    afterStream = part.last ?? '';
    return { value: { removed: part.removed, more: part.last !== null }, news: [] };
  };
}

/** The clock of the retention goes on, unless another node is at it, which is not waited for. */
async function begin(sql: Sql, nowMs: number): Promise<boolean> {
  const [row] = await sql.query<{ locked: boolean }>({
    name: 'expire_lock',
    text: 'SELECT pg_try_advisory_xact_lock($1) AS locked',
    values: [expireLock],
  });
  if (!row?.locked) return false;
  await sql.query({
    name: 'retention_clock',
    text: `
      INSERT INTO meta AS m (key, value) VALUES ('retention_time', $1::bigint::text) ON CONFLICT (key) DO UPDATE SET value = excluded.value
      WHERE m.value::double precision < excluded.value::double precision`,
    values: [Math.max(0, Math.round(nowMs))],
  });
  return true;
}

/** Null: there is no deleted room. */
async function purge(sql: Sql): Promise<number | null> {
  const [row] = await sql.query<{ removed: number | null }>({
    name: 'purge',
    text: 'SELECT parley_purge($1) AS removed',
    values: [messagesMax],
  });
  return row?.removed ?? null;
}

interface Part {
  readonly removed: number;
  readonly expired: number;
  /** Null: all streams were looked at. */
  readonly last: string | null;
}

async function expireStreams(sql: Sql, values: readonly unknown[]): Promise<Part> {
  const [row] = await sql.query<Part>({
    name: 'expire',
    text: 'SELECT o_removed AS removed, o_expired AS expired, o_last AS last FROM parley_expire($1, $2, $3, $4, $5)',
    values,
  });
  return row ?? { removed: 0, expired: 0, last: null };
}

/** The losses: direct messages that never reached their recipient. */
async function count(sql: Sql, node: NodeId, expired: number): Promise<void> {
  await sql.query({ name: 'count', text: 'SELECT parley_count($1, $2, $3)', values: [node, 'expired', expired] });
}

async function forgetUnused(sql: Sql, last: { userId: string; deviceId: string }, beforeMs: number) {
  const [row] = await sql.query<typeof last>({
    name: 'forget_unused',
    text: 'SELECT o_user AS "userId", o_device AS "deviceId" FROM parley_forget_unused($1, $2, $3, $4)',
    values: [last.userId, last.deviceId, beforeMs, readersMax],
  });
  return row ?? { userId: '', deviceId: '' };
}

/** Where the retention clock stood at the last `expire` of any node. */
export async function readRetentionTime(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ value: string }>({
    name: 'retention_time',
    text: "SELECT value FROM meta WHERE key = 'retention_time'",
    values: [],
  });
  return Number(row?.value ?? 0);
}
