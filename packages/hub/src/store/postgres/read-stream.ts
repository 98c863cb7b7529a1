/**
 * Reads a page of a stream's log. Every `seq` above what was trimmed is there, or is reported as damaged: a row whose checksum is wrong, and
 * a row that is not there.
 */
import type { LogEntry, Store } from '../../ports/store.ts';
import type { Sql } from './connection.ts';
import { type MessageRow, messageColumns, toEntry } from './message-rows.ts';

type Query = Parameters<Store['readStream']>[0];

interface Row extends MessageRow {
  /** Of the stream; the message's own columns are null in the one row of a page without messages. */
  readonly trimmedSeq: number;
  readonly lastSeq: number;
  /** Rows of the page before it was cut to `bytesMax`. */
  readonly found: number | null;
}

/**
 * In one statement, so that nothing expires while it runs and seems to be missing. What lies at or below `trimmed_seq` is of a deleted room
 * with the same name in a timeline, and history in an inbox. Lengths are summed up without reading the contents.
 */
const text = `
  SELECT s.trimmed_seq AS "trimmedSeq", s.last_seq AS "lastSeq", m.*
  FROM streams AS s LEFT JOIN LATERAL (
    SELECT ${messageColumns}, found FROM (
      SELECT *, count(*) OVER () AS found, sum(octet_length(content)) OVER (ORDER BY seq) - octet_length(content) AS bytes_before FROM (
        SELECT * FROM messages
        WHERE stream = $1 AND seq > greatest($2, CASE WHEN $1 LIKE 'room:%' THEN s.trimmed_seq ELSE 0 END) AND seq <= $3
        ORDER BY seq LIMIT $4) AS page) AS sized
    WHERE bytes_before <= $5 ORDER BY seq) AS m ON true
  WHERE s.stream = $1`;

export async function readStream(sql: Sql, query: Query): Promise<readonly LogEntry[]> {
  const { stream, afterSeq, uptoSeq, limit, bytesMax } = query;
  if (limit < 1) return [];
  const rows = await sql.query<Row>({ name: 'read_stream', text, values: [stream, afterSeq, uptoSeq, limit, bytesMax] });
  const [first] = rows;
  if (first === undefined) return [];
  const messages = first.found === null ? [] : rows;
  const page = new Page(query, first.trimmedSeq);
  for (const { trimmedSeq: _trimmed, lastSeq: _last, found: _found, ...row } of messages) {
    page.addMissing(row.seq);
    if (!page.add(row)) return page.entries;
  }
  if (messages.length === (first.found ?? 0)) page.addMissing(Math.min(uptoSeq, first.lastSeq) + 1);
  return page.entries;
}

class Page {
  readonly #query: Query;
  readonly #trimmedSeq: number;
  readonly #entries: LogEntry[] = [];
  #nextSeq: number;
  #bytes = 0;

  constructor(query: Query, trimmedSeq: number) {
    this.#query = query;
    this.#trimmedSeq = trimmedSeq;
    this.#nextSeq = query.afterSeq + 1;
  }

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  get #isFull(): boolean {
    return this.#entries.length >= this.#query.limit;
  }

  /** Messages of the log before `seq` that should have come, and did not. */
  addMissing(beforeSeq: number): void {
    const { stream } = this.#query;
    for (let seq = Math.max(this.#nextSeq, this.#trimmedSeq + 1); seq < beforeSeq && !this.#isFull; seq += 1) {
      this.#entries.push({ stream, seq, damaged: true });
    }
  }

  /** False: the page is full. */
  add(row: MessageRow): boolean {
    this.#bytes += Buffer.byteLength(row.content);
    if (this.#isFull || (this.#entries.length > 0 && this.#bytes > this.#query.bytesMax)) return false;
    this.#entries.push(toEntry(this.#query.stream, row));
    this.#nextSeq = row.seq + 1;
    return true;
  }
}
