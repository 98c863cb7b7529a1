/**
 * A session: one connection that has registered as a user. It is made by the identify stage, found by
 * the fanout stage and read to by the deliver stage; this is what they know of it together.
 */
import type { OutgoingPacket, OutgoingPackets } from '../lib/outgoing-packet.ts';
import type { Connection } from './connection.ts';
import type { ReaderId, ReaderStream, StreamId, StreamPosition, UserState } from './store.ts';

/** How receipt is acknowledged: by the pong that answers a ping, or by the client's `ack` events. */
export type AckMode = 'pong' | 'explicit';

export interface Session extends ReaderId {
  readonly connection: Connection;
  readonly ackMode: AckMode;
  readonly reader: Reader;
}

/** As whom a connection registers, and how. */
export interface Registration extends ReaderId {
  readonly ackMode: AckMode;
  /** What the user chooses to be from now on; undefined: what it chose last. */
  readonly state: UserState['state'] | undefined;
}

/** What a reader finds when it registers. */
export interface Arrival {
  readonly rooms: readonly string[];
  readonly queued: number;
  readonly missed: number;
}

/** Takes the session of a connection that registers: once, and before anything is delivered to it. */
export type EnterSession = (session: Session, arrival: Arrival) => void;

/** Where a reader starts in a stream, of which the rest is read from the log. */
export type ReaderStart = Pick<ReaderStream, 'stream' | 'cursor' | 'head' | 'written' | 'membersVersion'>;

/** Consecutive messages of one stream, encoded once for all who read them. */
export interface MessageRun {
  readonly stream: StreamId;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Of all packets together. */
  readonly bytes: number;
  /** What a user gets of them: all but its own messages without echo; undefined if nothing is left. */
  packetsFor(userId: string): OutgoingPackets | undefined;
}

/** What reads streams for one session. Everything here returns at once and never throws. */
export interface Reader {
  readonly userId: string;
  /** Reads a stream from the cursor on; from its head on it gets what is published. */
  follow(start: ReaderStart): void;
  unfollow(stream: StreamId): void;
  /** The stream's next messages, in `seq` order without gaps. */
  deliver(run: MessageRun): void;
  /** Messages after `seq` were not published here: read them from the log. */
  fallBehind(stream: StreamId, seq: number): void;
  /** A live-only event; dropped and counted if the connection is behind. */
  live(packet: OutgoingPacket): void;
  /** A change of a user's presence; if the connection is behind only the latest one is kept for each user. */
  presence(userId: string, packet: OutgoingPacket): void;
  /** An acknowledgement by an `ack` event. False: `seq` is above what was sent. */
  acknowledge(stream: StreamId, seq: number): boolean;
  onPong(): void;
  onDrain(): void;
  /** Up to where messages were written and not acknowledged. */
  unacknowledged(): readonly StreamPosition[];
  close(): void;
}
