/** Numbers that are kept, because counting rows takes longer the more there are. Same life as `StreamStates`. */
import type { Database } from 'better-sqlite3';

/**
 * `last_id` is the newest message id ever given, so that ids are not reused when the newest messages expire;
 * `retention_time` is where the retention clock stood at the last `expire`.
 */
export const counterKeys = ['last_id', 'messages', 'rooms', 'private_rooms', 'queued', 'expired', 'dropped', 'retention_time'] as const;
export type CounterKey = (typeof counterKeys)[number];

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
    for (const key of this.#changed) this.#upsert.run(key, this.get(key));
    this.#changed.clear();
  }

  forget(): void {
    this.#values.clear();
    this.#changed.clear();
  }
}
