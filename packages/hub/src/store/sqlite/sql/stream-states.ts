/**
 * The positions of the streams in use, so that an append reads no row for them. A batch changes the states
 * here and `flush` writes what must be written before COMMIT; after a ROLLBACK, `forget` drops everything.
 *
 * The head of a stream is not stored: it is the `seq` of its newest message, and when none is left it is what
 * was trimmed, since a message is removed only together with a move of `trimmed_seq`. So an append, which
 * would dirty one more page for it, writes nothing but the message, and still no `seq` is used twice (I2).
 */
import type { Database } from 'better-sqlite3';
import type { StreamId } from '../../../ports/store.ts';
import { textParameter } from './sqlite.ts';

export interface StreamState {
  readonly lastSeq: number;
  /** The log of the stream is (trimmedSeq, lastSeq]; what lies at or below it is only history. */
  readonly trimmedSeq: number;
  /** The user's cursor of an inbox; 0 for a room. */
  readonly deliveredSeq: number;
  /** How many undelivered messages each sender has in an inbox, once that was asked; see `sender-counts.ts`. */
  readonly senders?: Map<string, number> | undefined;
}

/** Bounds the memory: about 200 bytes a stream. */
const streamsMax = 50_000;

const inboxPrefix = 'user:';

export class StreamStates {
  readonly #states = new Map<StreamId, StreamState>();
  readonly #trimmed = new Set<StreamId>();
  readonly #select;
  readonly #saveTrimmed;

  constructor(db: Database) {
    this.#select = db.prepare<
      [StreamId, StreamId, StreamId, string, StreamId],
      { newest: number } & Pick<StreamState, 'trimmedSeq' | 'deliveredSeq'>
    >(`
      SELECT
        coalesce((
          -- An entry of the index that leads to another message is damaged, and must not be taken for the head.
          SELECT seq FROM messages AS i WHERE stream = ${textParameter}
            AND EXISTS (SELECT 1 FROM messages AS m NOT INDEXED WHERE m.id = i.id AND m.stream = i.stream AND m.seq = i.seq)
          ORDER BY seq DESC LIMIT 1
        ), 0) AS newest,
        coalesce((SELECT trimmed_seq FROM streams WHERE stream = ?), 0) AS trimmedSeq,
        coalesce(
          (SELECT received_seq FROM cursors WHERE stream = ? AND user_id = ? AND device_id = ''),
          (SELECT floor_seq FROM streams WHERE stream = ?),
          0
        ) AS deliveredSeq`);
    this.#saveTrimmed = db.prepare<[string, number]>(
      'INSERT INTO streams (stream, trimmed_seq) VALUES (?, ?) ON CONFLICT DO UPDATE SET trimmed_seq = excluded.trimmed_seq',
    );
  }

  get(stream: StreamId): StreamState {
    const known = this.#states.get(stream);
    if (known !== undefined) return known;
    const owner = stream.startsWith(inboxPrefix) ? stream.slice(inboxPrefix.length) : '';
    const row = this.#select.get(stream, stream, stream, owner, stream) ?? { newest: 0, trimmedSeq: 0, deliveredSeq: 0 };
    const { newest, trimmedSeq, deliveredSeq } = row;
    const lastSeq = Math.max(newest, trimmedSeq);
    // A cursor beyond the head is damaged: rather deliver again than lose.
    const loaded = { lastSeq, trimmedSeq, deliveredSeq: deliveredSeq > lastSeq ? trimmedSeq : deliveredSeq };
    this.#states.set(stream, loaded);
    return loaded;
  }

  set(stream: StreamId, state: StreamState): void {
    if (this.get(stream).trimmedSeq !== state.trimmedSeq) this.#trimmed.add(stream);
    this.#states.set(stream, state);
  }

  flush(): void {
    for (const stream of this.#trimmed) this.#saveTrimmed.run(stream, this.get(stream).trimmedSeq);
    this.#trimmed.clear();
    for (const stream of this.#states.keys()) {
      if (this.#states.size <= streamsMax) break;
      this.#states.delete(stream);
    }
  }

  forget(): void {
    this.#states.clear();
    this.#trimmed.clear();
  }
}

/** How many messages of an inbox wait for their recipient. */
export function undelivered(state: StreamState): number {
  return state.lastSeq - Math.max(state.deliveredSeq, state.trimmedSeq);
}
