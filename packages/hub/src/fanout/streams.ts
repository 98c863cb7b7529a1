/**
 * Which of this node's readers get a stored message, and in which order (stage five).
 *
 * For each stream that somebody here reads there is one head: the `seq` that has been passed to all its
 * readers. Messages come from the store's ordered feed, later also from other nodes, so a message at or
 * below the head is old, and one beyond the next reveals a gap (I13). After a gap the readers read the log,
 * which has everything. A reader that has caught up stands at the head, so no reader keeps a position of its own.
 */
import type { MessageRun, Reader, ReaderStart } from '../ports/session.ts';
import type { StoredMessage, StreamId } from '../ports/store.ts';

interface StreamEntry {
  head: number;
  readonly readers: Set<Reader>;
}

export class Streams {
  readonly #entries = new Map<StreamId, StreamEntry>();
  readonly #runs: (messages: readonly StoredMessage[]) => Iterable<MessageRun>;

  /** `runs` encodes the next messages of a stream. */
  constructor(runs: (messages: readonly StoredMessage[]) => Iterable<MessageRun>) {
    this.#runs = runs;
  }

  /**
   * Lets a reader read a stream from `start.cursor` on. Called in commit order: `start.head` is the stream's newest `seq`, and what
   * the store announces later is passed to the reader.
   */
  follow(reader: Reader, start: ReaderStart): void {
    this.#add(reader, start);
    // The reader compares its cursor with the head, which has to be known by then.
    reader.follow(start);
  }

  #add(reader: Reader, { stream, head }: ReaderStart): void {
    const entry = this.#entries.get(stream);
    if (entry === undefined) {
      this.#entries.set(stream, { head, readers: new Set([reader]) });
      return;
    }
    // Before the new reader is among them: it knows its own place.
    this.#skipTo(entry, stream, head);
    entry.readers.add(reader);
  }

  close(stream: StreamId, reader: Reader): void {
    const entry = this.#entries.get(stream);
    if (entry === undefined) return;
    entry.readers.delete(reader);
    if (entry.readers.size === 0) this.#entries.delete(stream);
  }

  /** The `seq` up to which the stream's messages have been passed on; undefined if nobody here reads it. */
  head(stream: StreamId): number | undefined {
    return this.#entries.get(stream)?.head;
  }

  readers(stream: StreamId): ReadonlySet<Reader> {
    return this.#entries.get(stream)?.readers ?? noReaders;
  }

  /**
   * Passes stored messages to their readers here, those of one stream together. Late and doubled ones are ignored.
   * The order of messages in different streams is not kept.
   */
  publish(messages: readonly StoredMessage[]): void {
    for (const [stream, ofStream] of Map.groupBy(messages, (message) => message.stream)) this.#publishTo(stream, ofStream);
  }

  #publishTo(stream: StreamId, messages: readonly StoredMessage[]): void {
    const entry = this.#entries.get(stream);
    if (entry === undefined) return;
    let next: StoredMessage[] = [];
    for (const message of messages) {
      if (message.seq <= entry.head) continue;
      if (message.seq > entry.head + 1) {
        this.#pass(entry, next);
        next = [];
        this.#skipTo(entry, stream, message.seq);
      } else {
        entry.head = message.seq;
        next.push(message);
      }
    }
    this.#pass(entry, next);
  }

  #pass(entry: StreamEntry, messages: readonly StoredMessage[]): void {
    for (const run of this.#runs(messages)) for (const reader of entry.readers) reader.deliver(run);
  }

  #skipTo(entry: StreamEntry, stream: StreamId, head: number): void {
    if (head <= entry.head) return;
    const from = entry.head;
    entry.head = head;
    for (const reader of entry.readers) reader.fallBehind(stream, from);
  }
}

const noReaders: ReadonlySet<Reader> = new Set();
