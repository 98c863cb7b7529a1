/**
 * Messages of one stream that were published, or read from the log, together: the unit in which readers get them. What is done
 * for a run (encoding, looking for room, asking for an acknowledgement) is not done for each of its messages.
 */
import { OutgoingPacket, type OutgoingPackets, OutgoingRun } from '../lib/outgoing-packet.ts';
import type { MessageRun } from '../ports/session.ts';
import type { StoredMessage, StreamId } from '../ports/store.ts';
import { messageTexts } from './packets.ts';

/** About how much content a run has at most: a connection gets all of it or, if its outbox is full, nothing. */
const runCharactersMax = 64 * 1024;

/** `messages` are consecutive. Up to `written` they may have been written to this reader before. */
export function* messageRuns(messages: readonly StoredMessage[], written = 0): Iterable<MessageRun> {
  let run: AtLeastOne<StoredMessage> | undefined;
  let characters = 0;
  for (const message of messages) {
    if (run !== undefined && characters + message.content.length <= runCharactersMax) {
      run.push(message);
    } else {
      if (run !== undefined) yield new EncodedRun(run, written);
      run = [message];
      characters = 0;
    }
    characters += message.content.length;
  }
  if (run !== undefined) yield new EncodedRun(run, written);
}

type AtLeastOne<T> = [T, ...T[]];

class EncodedRun implements MessageRun {
  readonly stream: StreamId;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly #messages: readonly StoredMessage[];
  readonly #texts: readonly string[];
  readonly #all: OutgoingPackets | undefined;
  /** Senders who are spared some of it. */
  readonly #spared: ReadonlySet<string>;

  constructor(messages: Readonly<AtLeastOne<StoredMessage>>, written: number) {
    const [first] = messages;
    this.stream = first.stream;
    this.firstSeq = first.seq;
    this.lastSeq = (messages.at(-1) ?? first).seq;
    this.#messages = messages;
    this.#texts = messageTexts(messages, written);
    this.#all = together(this.#texts);
    this.#spared = new Set(messages.filter(({ echo }) => !echo).map(({ senderId }) => senderId));
  }

  packetsFor(userId: string): OutgoingPackets | undefined {
    if (!this.#spared.has(userId)) return this.#all;
    const isSpared = (message: StoredMessage | undefined): boolean => message?.echo === false && message.senderId === userId;
    return together(this.#texts.filter((_, index) => !isSpared(this.#messages[index])));
  }
}

function together(texts: readonly string[]): OutgoingPackets | undefined {
  const [first] = texts;
  if (first === undefined) return undefined;
  return texts.length > 1 ? new OutgoingRun(texts) : new OutgoingPacket(first);
}
