/**
 * Messages of one stream that were published, or read from the log, together: the unit in which readers get them. What is done
 * for a run (encoding, looking for room, asking for an acknowledgement) is not done for each of its messages.
 */
import { OutgoingPacket, type OutgoingPackets, OutgoingRun } from '../lib/outgoing-packet.ts';
import type { MessageRun } from '../ports/session.ts';
import type { StoredMessage, StreamId } from '../ports/store.ts';
import { messageEncoder } from './packets.ts';

/** How large a run is at most, unless it is a single message: a connection gets all of it or, if its outbox is full, nothing. */
const runBytesMax = 64 * 1024;

export interface RunOptions {
  /** Up to here messages may have been written to this reader before. */
  readonly written?: number;
  readonly bytesMax?: number;
}

/** `messages` are consecutive. */
export function* messageRuns(
  messages: readonly StoredMessage[],
  { written = 0, bytesMax = runBytesMax }: RunOptions = {},
): Iterable<MessageRun> {
  const encode = messageEncoder(written);
  let run: AtLeastOne<EncodedMessage> | undefined;
  let runBytes = 0;
  for (const message of messages) {
    const text = encode(message);
    const bytes = Buffer.byteLength(text);
    if (run !== undefined && runBytes + bytes <= Math.min(bytesMax, runBytesMax)) {
      run.push({ message, text });
    } else {
      if (run !== undefined) yield new EncodedRun(run, runBytes);
      run = [{ message, text }];
      runBytes = 0;
    }
    runBytes += bytes;
  }
  if (run !== undefined) yield new EncodedRun(run, runBytes);
}

type AtLeastOne<T> = [T, ...T[]];

interface EncodedMessage {
  readonly message: StoredMessage;
  readonly text: string;
}

class EncodedRun implements MessageRun {
  readonly stream: StreamId;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly bytes: number;
  readonly #encoded: readonly EncodedMessage[];
  readonly #all: OutgoingPackets | undefined;
  /** Users who are not to get some of it back. */
  readonly #sendersWithoutEcho: ReadonlySet<string>;

  constructor(encoded: Readonly<AtLeastOne<EncodedMessage>>, bytes: number) {
    const [first] = encoded;
    this.stream = first.message.stream;
    this.firstSeq = first.message.seq;
    this.lastSeq = (encoded.at(-1) ?? first).message.seq;
    this.bytes = bytes;
    this.#encoded = encoded;
    this.#all = together(encoded);
    this.#sendersWithoutEcho = new Set(encoded.filter(({ message }) => !message.echo).map(({ message }) => message.senderId));
  }

  packetsFor(userId: string): OutgoingPackets | undefined {
    if (!this.#sendersWithoutEcho.has(userId)) return this.#all;
    return together(this.#encoded.filter(({ message }) => message.echo || message.senderId !== userId));
  }
}

function together(encoded: readonly EncodedMessage[]): OutgoingPackets | undefined {
  const [first] = encoded;
  if (first === undefined) return undefined;
  return encoded.length > 1 ? new OutgoingRun(encoded.map(({ text }) => text)) : new OutgoingPacket(first.text);
}
