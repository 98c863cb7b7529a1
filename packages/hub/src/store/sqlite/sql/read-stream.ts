/**
 * Reads a page of a stream's log. Every `seq` above what was trimmed is there, or is reported as damaged: a row whose checksum is wrong,
 * a row that the index does not lead to, and a row on a page of the file that can't be read, around which rows are read one by one.
 */
import type { Database } from 'better-sqlite3';
import { type StreamId, timelineOf } from '../../../ports/store.ts';
import type { PackedDamage, PackedMessage, Reads } from '../thread/calls.ts';
import { type MessageRow, messageColumns, verified } from './message-rows.ts';
import { isDamage, textParameter, unlessDamaged } from './sqlite.ts';

type Query = Parameters<Reads['readStream']>[0];

/** Rows that are taken one by one cost half as much again as many at once. */
const firstRows = 2;

export function createReadStream(db: Database): Reads['readStream'] {
  const trimmedUpto = createTrimmedUpto(db);
  const read = createReadPage(db, trimmedUpto);
  const readAround = createReadAround(db, trimmedUpto);

  return (query) => {
    // In a timeline it is of a deleted room with the same name. In an inbox it is history.
    const hiddenUpto = query.stream.startsWith(timelineOf('')) ? trimmedUpto(query.stream) : 0;
    const visible = { ...query, afterSeq: Math.max(query.afterSeq, hiddenUpto) };
    try {
      return read(visible);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return readAround(visible);
    }
  };
}

export function createTrimmedUpto(db: Database): (stream: StreamId) => number {
  const select = db.prepare<[StreamId], { trimmed_seq: number }>('SELECT trimmed_seq FROM streams WHERE stream = ?');
  return (stream) => unlessDamaged(() => select.get(stream))?.trimmed_seq ?? 0;
}

/** As the index says; 0 for an empty stream. */
export function createNewestSeq(db: Database): (stream: StreamId) => number {
  const select = db.prepare<[StreamId], { seq: number | null }>(`SELECT max(seq) AS seq FROM messages WHERE stream = ${textParameter}`);
  return (stream) => select.get(stream)?.seq ?? 0;
}

function createReadPage(db: Database, trimmedUpto: (stream: StreamId) => number): Reads['readStream'] {
  const select = db
    .prepare<[string, number, number, number], MessageRow>(
      `SELECT ${messageColumns} FROM messages WHERE stream = ${textParameter} AND seq > ? AND seq <= ? ORDER BY seq LIMIT CAST(? AS INTEGER)`,
    )
    .raw();

  const newestSeq = createNewestSeq(db);

  return (query) => {
    const { stream, uptoSeq, limit } = query;
    const page = new Page(query);
    for (let wanted = Math.min(firstRows, limit); wanted > 0; ) {
      const rows = select.all(stream, page.lastSeq, uptoSeq, wanted);
      for (const row of rows) {
        const seq = Number(row[1]);
        if (seq > page.lastSeq + 1) page.addGap(Math.max(page.lastSeq, trimmedUpto(stream)), seq);
        if (!page.add(seq, row)) return page.entries;
      }
      if (rows.length < wanted) break;
      wanted = page.rowsLikelyToFit();
    }
    if (page.lastSeq < uptoSeq && !page.isFull)
      page.addGap(Math.max(page.lastSeq, trimmedUpto(stream)), Math.min(uptoSeq, newestSeq(stream)) + 1);
    return page.entries;
  };
}

/** Row by row, at most as many as fit into the page. */
function createReadAround(db: Database, trimmedUpto: (stream: StreamId) => number): Reads['readStream'] {
  const newestSeq = createNewestSeq(db);
  const select = db.prepare<[StreamId, number], MessageRow>(`SELECT ${messageColumns} FROM messages WHERE stream = ? AND seq = ?`).raw();

  return (query) => {
    const { stream } = query;
    const trimmed = trimmedUpto(stream);
    const head = unlessDamaged(() => newestSeq(stream)) ?? query.uptoSeq;
    const page = new Page(query);
    for (let seq = page.lastSeq + 1; seq <= Math.min(query.uptoSeq, head) && !page.isFull; seq += 1) {
      const row = unlessDamaged(() => select.get(stream, seq));
      if (row === undefined && seq <= trimmed) page.skip(seq);
      else if (!page.add(seq, row ?? [])) break;
    }
    return page.entries;
  };
}

/** What was read so far, within the bounds of the query. */
class Page {
  readonly #query: Query;
  readonly #entries: (PackedMessage | PackedDamage)[] = [];
  #bytes = 0;
  #lastSeq: number;

  constructor(query: Query) {
    this.#query = query;
    this.#lastSeq = query.afterSeq;
  }

  get entries(): readonly (PackedMessage | PackedDamage)[] {
    return this.#entries;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get isFull(): boolean {
    return this.#entries.length >= this.#query.limit;
  }

  /** False: the row does not fit any more. */
  add(seq: number, row: MessageRow): boolean {
    const content = row[4];
    this.#bytes += typeof content === 'string' ? Buffer.byteLength(content) : 0;
    if (this.isFull || (this.#entries.length > 0 && this.#bytes > this.#query.bytesMax)) return false;
    this.#entries.push(verified(this.#query.stream, seq, row));
    this.#lastSeq = seq;
    return true;
  }

  /** The messages in (afterSeq, beforeSeq) should be there, and are not. */
  addGap(afterSeq: number, beforeSeq: number): void {
    for (let seq = afterSeq + 1; seq < beforeSeq && !this.isFull; seq += 1) this.#entries.push([seq]);
  }

  skip(seq: number): void {
    this.#lastSeq = seq;
  }

  /** Fewer when rows are large, so that few are read beyond the bounds of the page. */
  rowsLikelyToFit(): number {
    const { bytesMax, limit } = this.#query;
    const count = this.#entries.length;
    const fitting = Math.ceil(((bytesMax - this.#bytes) * count) / Math.max(this.#bytes, 1));
    return Math.min(Math.max(fitting, 1), count, limit - count);
  }
}
