/**
 * Which of this node's readers get a stored message, and in which order (stage five).
 *
 * For each stream that somebody here reads there is one head: the `seq` that has been passed to all its readers. A reader that has
 * caught up stands at the head, so no reader keeps a position of its own. Messages come from the store's ordered feed, and from other
 * nodes in any order (I13):
 *
 *     at or below the head ─► dropped: it has come before
 *     the next one ─► passed on
 *     beyond the next one ─► held until what is between has come; what has not come after 50 ms is read from the log, once for all readers
 *
 * A room's message says how often the members had changed. Where more changes were made than are known here it is held too, so that
 * nobody gets what was sent after it had left (I17).
 */
import type { Clock } from '../lib/clock.ts';
import { Deadlines } from '../lib/deadlines.ts';
import type { MessageRun, Reader, ReaderStart } from '../ports/session.ts';
import type { SharedMessage } from '../ports/shared-store.ts';
import { type LogEntry, placeOf, type Store, type StreamId, type StreamPosition } from '../ports/store.ts';

/** Frames of two nodes overtake each other by a few milliseconds. */
const holdMs = 50;
const heldMessagesMax = 256;
/** What is missing is read once for the node if it is not more than this. */
const missingPage = { limit: 500, bytesMax: 256 * 1024 } as const;
/** Streams that are read so at the same time. With more of them their readers read the log, which the gate of pages bounds. */
const missingReadsMax = 4;

interface StreamEntry {
  head: number;
  readonly readers: Set<Reader>;
  /** Of a room: how many changes of its members have been applied here; undefined: not known, or the store does not count them. */
  membersVersion: number | undefined;
  held: Held | undefined;
  waiting: Waiting[] | undefined;
}

interface Waiting {
  readonly seq: number;
  readonly then: () => void;
}

interface Held {
  readonly messages: Map<number, SharedMessage>;
  /** The log is known to reach so far. */
  upto: number;
  isMending: boolean;
}

export interface StreamPorts {
  /** Encodes the next messages of a stream. */
  readonly runs: (messages: readonly LogEntry[]) => Iterable<MessageRun>;
  readonly clock: Clock;
  readonly readStream: Store['readStream'];
  /**
   * Ends the reading of those who are no longer members of these rooms, and tells `knowMembers` how new that is. Never rejects. Resolves
   * at once where no other node can change members.
   */
  readonly confirmMembers: (roomIds: readonly string[]) => Promise<void>;
}

export class Streams {
  readonly #ports: StreamPorts;
  readonly #entries = new Map<StreamId, StreamEntry>();
  /** Streams of which something is held. */
  readonly #overdue: Deadlines<StreamId>;
  #missingReads = 0;

  constructor(ports: StreamPorts) {
    this.#ports = ports;
    this.#overdue = new Deadlines(ports.clock, holdMs, (stream) => void this.#mend(stream));
  }

  /**
   * Lets a reader read a stream from `start.cursor` on. `start.head` is the stream's newest `seq`, and what the store announces later
   * is passed to the reader. Those who read the stream already stay where they are: what they lack is on its way to this node.
   */
  follow(reader: Reader, start: ReaderStart): void {
    const { stream, head, membersVersion } = start;
    const entry = this.#entries.get(stream);
    if (entry === undefined) {
      this.#entries.set(stream, { head, readers: new Set([reader]), membersVersion, held: undefined, waiting: undefined });
    } else {
      entry.readers.add(reader);
      // The membership is older than what is known of the others': it has to be looked at again before anything newer is passed on.
      if (membersVersion !== undefined && membersVersion < (entry.membersVersion ?? 0)) entry.membersVersion = membersVersion;
      if (head > entry.head) this.#expect(stream, entry, head);
    }
    // The reader compares its cursor with the head, which has to be known by then.
    reader.follow(start);
  }

  close(stream: StreamId, reader: Reader): void {
    const entry = this.#entries.get(stream);
    if (entry === undefined) return;
    entry.readers.delete(reader);
    if (entry.readers.size > 0) return;
    this.#entries.delete(stream);
    if (entry.held !== undefined) this.#overdue.stop(stream);
  }

  /** The `seq` up to which the stream's messages have been passed on; undefined if nobody here reads it. */
  head(stream: StreamId): number | undefined {
    return this.#entries.get(stream)?.head;
  }

  readers(stream: StreamId): ReadonlySet<Reader> {
    return this.#entries.get(stream)?.readers ?? noReaders;
  }

  /** The streams that are read here. */
  streams(): Iterable<StreamId> {
    return this.#entries.keys();
  }

  /** How many changes of the room's members have been applied here. */
  membersVersion(stream: StreamId): number | undefined {
    return this.#entries.get(stream)?.membersVersion;
  }

  /** So many changes of the room's members have been applied here: what waited for them is passed on. */
  knowMembers(stream: StreamId, version: number): void {
    const entry = this.#entries.get(stream);
    if (entry === undefined || version <= (entry.membersVersion ?? -1)) return;
    entry.membersVersion = version;
    this.#passOn(stream, entry, []);
  }

  /** Calls back when everything up to `seq` has been passed on, at once if it has been or nobody here reads the stream. */
  whenReached(stream: StreamId, seq: number, then: () => void): void {
    const entry = this.#entries.get(stream);
    if (entry === undefined || entry.head >= seq) {
      then();
      return;
    }
    this.#expect(stream, entry, seq);
    entry.waiting = [...(entry.waiting ?? []), { seq, then }];
  }

  /**
   * Passes stored messages to their readers here, those of one stream together. Late and doubled ones are ignored.
   * The order of messages in different streams is not kept.
   */
  publish(messages: readonly SharedMessage[]): void {
    for (const [stream, ofStream] of Map.groupBy(messages, (message) => message.stream)) this.#publishTo(stream, ofStream);
  }

  /** The log is known to reach so far: what did not come is read there. */
  async raise(heads: readonly StreamPosition[]): Promise<void> {
    const isHigher = ({ stream, seq }: StreamPosition): boolean => seq > (this.head(stream) ?? seq);
    const higher = heads.filter(isHigher);
    const rooms = higher.flatMap(({ stream }) => placeOf(stream).roomId ?? []);
    if (rooms.length > 0) await this.#ports.confirmMembers(rooms);
    for (const { stream, seq } of higher) {
      const entry = this.#entries.get(stream);
      if (entry !== undefined && seq > entry.head) this.#skipTo(entry, stream, seq);
    }
  }

  #publishTo(stream: StreamId, messages: readonly SharedMessage[]): void {
    const entry = this.#entries.get(stream);
    if (entry === undefined) return;
    const next: SharedMessage[] = [];
    for (const message of messages) {
      if (message.seq <= entry.head) continue;
      if (isNext(entry, message)) {
        entry.head = message.seq;
        next.push(message);
      } else {
        const { messages: held } = this.#expect(stream, entry, message.seq);
        if (held.size < heldMessagesMax) held.set(message.seq, message);
      }
    }
    this.#passOn(stream, entry, next);
  }

  /** The log reaches so far, and what is missing should come soon. */
  #expect(stream: StreamId, entry: StreamEntry, seq: number): Held {
    if (entry.held === undefined) {
      entry.held = { messages: new Map(), upto: seq, isMending: false };
      this.#overdue.start(stream);
    }
    entry.held.upto = Math.max(entry.held.upto, seq);
    return entry.held;
  }

  /** What was held and is next now; the head moves behind it. */
  #released(stream: StreamId, entry: StreamEntry): SharedMessage[] {
    const { held } = entry;
    const next: SharedMessage[] = [];
    if (held === undefined) return next;
    for (let message = held.messages.get(entry.head + 1); message && isNext(entry, message); message = held.messages.get(entry.head + 1)) {
      entry.head = message.seq;
      next.push(message);
    }
    for (const seq of held.messages.keys()) if (seq <= entry.head) held.messages.delete(seq);
    if (held.upto <= entry.head) {
      entry.held = undefined;
      this.#overdue.stop(stream);
    }
    return next;
  }

  /** What is missing has not come in time. */
  async #mend(stream: StreamId): Promise<void> {
    const entry = this.#entries.get(stream);
    const held = entry?.held;
    if (entry === undefined || held === undefined || held.isMending) return;
    held.isMending = true;
    // What the members are found to be is newer than all of this.
    const { upto } = held;
    const { roomId } = placeOf(stream);
    if (roomId !== undefined) await this.#ports.confirmMembers([roomId]);
    if (upto > entry.head) await this.#readMissing(stream, entry, upto);
    held.isMending = false;
    if (this.#entries.get(stream) !== entry) return;
    this.#passOn(stream, entry, []);
    if (entry.held !== undefined) this.#overdue.start(stream);
  }

  async #readMissing(stream: StreamId, entry: StreamEntry, uptoSeq: number): Promise<void> {
    const page = await this.#missing({ stream, afterSeq: entry.head, uptoSeq, ...missingPage });
    if (this.#entries.get(stream) !== entry || uptoSeq <= entry.head) return;
    if (page.at(-1)?.seq !== uptoSeq) {
      this.#skipTo(entry, stream, uptoSeq);
      return;
    }
    const next = page.filter(({ seq }) => seq > entry.head);
    entry.head = uptoSeq;
    this.#passOn(stream, entry, next);
  }

  /** Nothing if it can't be read now: its readers try it again and again. */
  async #missing(query: Parameters<Store['readStream']>[0]): Promise<readonly LogEntry[]> {
    if (this.#missingReads >= missingReadsMax) return [];
    this.#missingReads += 1;
    try {
      return await this.#ports.readStream(query);
    } catch {
      return [];
    } finally {
      this.#missingReads -= 1;
    }
  }

  /** Passes these on, to which the head has moved, and what was held and follows them. */
  #passOn(stream: StreamId, entry: StreamEntry, first: readonly LogEntry[]): void {
    const messages = entry.held === undefined ? first : [...first, ...this.#released(stream, entry)];
    for (const run of this.#ports.runs(messages)) for (const reader of entry.readers) reader.deliver(run);
    if (entry.waiting !== undefined) this.#callWaiting(entry, entry.waiting);
  }

  #callWaiting(entry: StreamEntry, waiting: readonly Waiting[]): void {
    const later = waiting.filter(({ seq }) => seq > entry.head);
    entry.waiting = later.length === 0 ? undefined : later;
    for (const { seq, then } of waiting) if (seq <= entry.head) then();
  }

  /** The readers read the log up to there. */
  #skipTo(entry: StreamEntry, stream: StreamId, head: number): void {
    const from = entry.head;
    entry.head = head;
    for (const reader of entry.readers) reader.fallBehind(stream, from);
    this.#passOn(stream, entry, []);
  }
}

function isNext(entry: StreamEntry, { seq, membersVersion }: SharedMessage): boolean {
  return seq === entry.head + 1 && (membersVersion === undefined || membersVersion <= (entry.membersVersion ?? -1));
}

const noReaders: ReadonlySet<Reader> = new Set();
