import type { StoreCounts } from '../../ports/store.ts';
import type { Sql } from './connection.ts';

export interface CountsOptions {
  readonly sql: Sql;
  /** Damaged messages that this node has found. */
  readonly damaged: () => number;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Counted rows are good for so long, and longer if counting them takes long. 0: they are counted at each call. */
  readonly countedForMs?: number;
}

interface CountedRows {
  readonly messages: number;
  readonly queued: number;
}

/** At most this part of the time goes to counting: a twentieth. */
const restFactor = 20;
const defaultCountedForMs = 10_000;

/**
 * Messages are counted row by row, and streams too, since a counter for all nodes would make each of their commits wait for the others.
 * What happens rarely each node counts for itself.
 */
export function createCounts({ sql, damaged, nowMs, countedForMs = defaultCountedForMs }: CountsOptions): () => Promise<StoreCounts> {
  let counted: { readonly rows: Promise<CountedRows>; goodUntilMs: number } | undefined;

  const count = async (): Promise<CountedRows> => {
    const startedMs = nowMs();
    const own = { rows: countRows(sql), goodUntilMs: Number.POSITIVE_INFINITY };
    counted = own;
    try {
      const rows = await own.rows;
      const tookMs = nowMs() - startedMs;
      own.goodUntilMs = countedForMs === 0 ? startedMs : nowMs() + Math.max(countedForMs, tookMs * restFactor);
      return rows;
    } catch (error) {
      if (counted === own) counted = undefined;
      throw error;
    }
  };
  const rows = (): Promise<CountedRows> =>
    counted !== undefined && countedForMs > 0 && nowMs() < counted.goodUntilMs ? counted.rows : count();

  return async () => {
    const [{ messages, queued }, counters] = await Promise.all([rows(), readCounters(sql)]);
    const counter = (key: string): number => counters.get(key) ?? 0;
    return {
      messages,
      rooms: counter('public_rooms') + counter('private_rooms'),
      queued,
      expired: counter('expired'),
      dropped: counter('dropped'),
      damaged: damaged(),
    };
  };
}

async function readCounters(sql: Sql): Promise<ReadonlyMap<string, number>> {
  const rows = await sql.query<{ key: string; value: number }>({
    name: 'counters',
    text: 'SELECT key, sum(value) AS value FROM counters GROUP BY key',
    values: [],
  });
  return new Map(rows.map(({ key, value }) => [key, value]));
}

/** What is undelivered lies above the cursor of the user itself, which stands where its readers were forgotten if there is none. */
async function countRows(sql: Sql): Promise<CountedRows> {
  const [row] = await sql.query<CountedRows>({
    name: 'count_rows',
    text: `
      SELECT (SELECT count(*) FROM messages) AS messages,
        (SELECT coalesce(sum(greatest(0, last_seq - greatest(trimmed_seq, coalesce(c.received_seq, floor_seq)))), 0)
         FROM streams AS s LEFT JOIN cursors AS c ON c.user_id = substr(s.stream, 6) AND c.device_id = '' AND c.stream = s.stream
         WHERE s.stream >= 'user:' AND s.stream < 'user;') AS queued`,
    values: [],
  });
  return row ?? { messages: 0, queued: 0 };
}
