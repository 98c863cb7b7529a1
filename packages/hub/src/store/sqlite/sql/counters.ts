/** Numbers that are kept, because counting rows takes longer the more there are. Same life as `StreamStates`. */
import { crc32 } from 'node:zlib';
import type { Database } from 'better-sqlite3';

/**
 * `last_id` is the newest message id ever given, so that ids are not reused when the newest messages expire;
 * `retention_time` is where the retention clock stood at the last `expire`.
 */
export const counterKeys = ['last_id', 'messages', 'rooms', 'private_rooms', 'queued', 'expired', 'dropped', 'retention_time'] as const;
export type CounterKey = (typeof counterKeys)[number];

/** A wrong counter would make every append fail, or everything expire, so they are checked before they are used. */
const checksumKey = 'counters_checksum';

const checksumOf = (counter: (key: CounterKey) => number): number => crc32(counterKeys.map((key) => `${key} ${counter(key)}`).join());

/** Counts again what is not as it was written. What can't be counted starts from 0: the messages that expired or were dropped. */
export function mendCounters(db: Database): void {
  const select = db.prepare<[string], { value: number }>('SELECT value FROM meta WHERE key = ?');
  const stored = select.get(checksumKey)?.value;
  const isRight = stored === undefined || stored === checksumOf((key) => select.get(key)?.value ?? 0);
  const newest = db.prepare<[], { id: number | null }>('SELECT max(id) AS id FROM messages').get()?.id ?? 0;
  if (isRight && (select.get('last_id')?.value ?? 0) >= newest) return;
  const upsert = db.prepare<[string, number]>('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
  const counted = countAll(db);
  for (const key of counterKeys) upsert.run(key, counted[key]);
  upsert.run(
    checksumKey,
    checksumOf((key) => counted[key]),
  );
}

function countAll(db: Database): Record<CounterKey, number> {
  const count = (sql: string): number => db.prepare<[], { value: number | null }>(`SELECT (${sql}) AS value`).get()?.value ?? 0;
  return {
    // Above the ids of messages that may have expired since.
    last_id: count('SELECT max(id) FROM messages') + idMargin,
    messages: count('SELECT count(*) FROM messages'),
    rooms: count('SELECT count(*) FROM rooms'),
    private_rooms: count('SELECT count(*) FROM rooms WHERE is_private = 1'),
    queued: count(`
      SELECT sum(max(0, newest - max(
        coalesce((SELECT trimmed_seq FROM streams AS s WHERE s.stream = inbox), 0),
        coalesce((SELECT received_seq FROM cursors AS c WHERE c.user_id = substr(inbox, 6) AND device_id = '' AND c.stream = inbox), 0))))
      FROM (SELECT stream AS inbox, max(seq) AS newest FROM messages WHERE stream LIKE 'user:%' GROUP BY stream)`),
    expired: 0,
    dropped: 0,
    retention_time: count('SELECT CAST(max(stored_at) AS INTEGER) FROM messages'),
  };
}

const idMargin = 1_000_000;

export class Counters {
  readonly #values = new Map<CounterKey, number>();
  readonly #changed = new Set<CounterKey>();
  readonly #select;
  readonly #upsert;

  constructor(db: Database) {
    this.#select = db.prepare<[string], { value: number }>('SELECT value FROM meta WHERE key = ?');
    this.#upsert = db.prepare<[string, number]>(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    );
  }

  get(key: CounterKey): number {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const loaded = this.#select.get(key)?.value ?? 0;
    this.#values.set(key, loaded);
    return loaded;
  }

  /** Returns the new value. */
  add(key: CounterKey, difference: number): number {
    const value = this.get(key) + difference;
    if (difference === 0) return value;
    this.#values.set(key, value);
    this.#changed.add(key);
    return value;
  }

  flush(): void {
    if (this.#changed.size === 0) return;
    for (const key of this.#changed) this.#upsert.run(key, this.get(key));
    this.#upsert.run(
      checksumKey,
      checksumOf((key) => this.get(key)),
    );
    this.#changed.clear();
  }

  forget(): void {
    this.#values.clear();
    this.#changed.clear();
  }
}
