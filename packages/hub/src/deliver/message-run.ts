/**
 * Messages of one stream that were published, or read from the log, together: the unit in which readers get them. What is done
 * for a run (encoding, looking for room, asking for an acknowledgement) is not done for each of its messages.
 */
import { OutgoingPacket, type OutgoingPackets, OutgoingRun } from '../lib/outgoing-packet.ts';
import type { MessageRun } from '../ports/session.ts';
import type { LogEntry, StreamId } from '../ports/store.ts';
import { entryEncoder, leftOutPacket } from './packets.ts';

/** The largest run, unless a single message is larger. A connection is given all of a run or, if it does not fit, nothing. */
const runBytesMax = 64 * 1024;

export interface RunOptions {
  /** Up to here messages may have been written to this reader before. */
  readonly written?: number;
  readonly bytesMax?: number;
  /** A message that is larger is left out, and its readers get an error in its place. */
  readonly messageBytesMax?: number;
}

/**
 * `entries` are consecutive. In the place of a message that is damaged or too large its readers get an `error` event. It moves
 * cursors like a message, so that nobody is held up by it, or gets it again and again.
 */
export function* messageRuns(entries: readonly LogEntry[], options: RunOptions = {}): Iterable<MessageRun> {
  const encode = bounded(entryEncoder(options.written ?? 0), options.messageBytesMax ?? Number.POSITIVE_INFINITY);
  const bytesMax = Math.min(options.bytesMax ?? runBytesMax, runBytesMax);
  let run: AtLeastOne<EncodedEntry> | undefined;
  let runBytes = 0;
  for (const entry of entries) {
    const encoded = encode(entry);
    if (run !== undefined && runBytes + encoded.bytes <= bytesMax) {
      run.push(encoded);
    } else {
      if (run !== undefined) yield new EncodedRun(run, runBytes);
      run = [encoded];
      runBytes = 0;
    }
    runBytes += encoded.bytes;
  }
  if (run !== undefined) yield new EncodedRun(run, runBytes);
}

type AtLeastOne<T> = [T, ...T[]];

interface EncodedEntry {
  readonly entry: LogEntry;
  readonly text: string;
  readonly bytes: number;
}

function bounded(encode: (entry: LogEntry) => string, bytesMax: number): (entry: LogEntry) => EncodedEntry {
  return (entry) => {
    const text = encode(entry);
    const bytes = Buffer.byteLength(text);
    if (bytes <= bytesMax) return { entry, text, bytes };
    const instead = leftOutPacket('message_too_large', entry).text;
    return { entry, text: instead, bytes: Buffer.byteLength(instead) };
  };
}

class EncodedRun implements MessageRun {
  readonly stream: StreamId;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly bytes: number;
  readonly #encoded: readonly EncodedEntry[];
  readonly #all: OutgoingPackets | undefined;
  /** Senders who asked not to get their own messages. */
  readonly #sendersWithoutEcho: ReadonlySet<string | undefined>;

  constructor(encoded: Readonly<AtLeastOne<EncodedEntry>>, bytes: number) {
    const [first] = encoded;
    this.stream = first.entry.stream;
    this.firstSeq = first.entry.seq;
    this.lastSeq = (encoded.at(-1) ?? first).entry.seq;
    this.bytes = bytes;
    this.#encoded = encoded;
    this.#all = together(encoded);
    this.#sendersWithoutEcho = new Set(encoded.map(({ entry }) => senderWithoutEcho(entry)));
  }

  packetsFor(userId: string): OutgoingPackets | undefined {
    if (!this.#sendersWithoutEcho.has(userId)) return this.#all;
    return together(this.#encoded.filter(({ entry }) => senderWithoutEcho(entry) !== userId));
  }
}

const senderWithoutEcho = (entry: LogEntry): string | undefined => ('damaged' in entry || entry.echo ? undefined : entry.senderId);

function together(encoded: readonly EncodedEntry[]): OutgoingPackets | undefined {
  const [first] = encoded;
  if (first === undefined) return undefined;
  return encoded.length > 1 ? new OutgoingRun(encoded.map(({ text }) => text)) : new OutgoingPacket(first.text);
}
