/**
 * Reads streams for one session, and writes what they bring to its connection.
 *
 * In each stream a reader is either caught up or behind.
 *
 *     follow ──► behind ──(position reaches the stream's head)──► caught up
 *                  ▲                                                  │
 *                  └──────(outbox above high water, or a gap)─────────┘
 *
 * - Caught up: its position is the head that `Streams` keeps, and each message is written as it is published.
 * - Behind: published messages are not written; `CatchUp` reads them from the log.
 *
 * So a reader that does not keep up costs a position in each of its streams, however many messages wait there (I6).
 */
import { HubError } from '@parley/protocol';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Connection } from '../ports/connection.ts';
import type { AckMode, MessageRun, Reader, ReaderStart } from '../ports/session.ts';
import type { ReaderId, StreamId, StreamPosition } from '../ports/store.ts';
import { type AcknowledgementPorts, Acknowledgements } from './acknowledgements.ts';
import { CatchUp, type CatchUpPorts } from './catch-up.ts';
import { HeldPresence } from './held-presence.ts';
import { failurePacket } from './packets.ts';

export interface ReaderPorts extends CatchUpPorts, AcknowledgementPorts {
  readonly onLiveDropped: () => void;
}

export class StreamReader implements Reader {
  readonly userId: string;
  readonly #connection: Connection;
  readonly #ports: ReaderPorts;
  readonly #acknowledgements: Acknowledgements;
  // Made at first use, since most connections are idle.
  #catchUp: CatchUp | undefined;
  #heldPresence: HeldPresence | undefined;

  constructor(connection: Connection, reader: ReaderId, ackMode: AckMode, ports: ReaderPorts) {
    this.userId = reader.userId;
    this.#connection = connection;
    this.#ports = ports;
    this.#acknowledgements = new Acknowledgements(connection, reader, ackMode, ports);
  }

  follow({ stream, cursor, written }: ReaderStart): void {
    const head = this.#ports.headOf(stream) ?? cursor;
    // A reader may be ahead of what was published here. What was written to it before has to be marked, also if it is yet to be published.
    if (cursor !== head || written > head) this.#enterBehind(stream, cursor, written);
  }

  unfollow(stream: StreamId): void {
    this.#catchUp?.end(stream);
    this.#acknowledgements.forget(stream);
  }

  deliver(run: MessageRun): void {
    if (this.#catchUp?.has(run.stream)) this.#catchUp.goOn();
    else if (!this.#fits(run.bytes)) this.#enterBehind(run.stream, run.firstSeq - 1);
    else if (this.#write(run)) this.#acknowledgements.request();
  }

  fallBehind(stream: StreamId, seq: number): void {
    if (this.#catchUp?.has(stream)) this.#catchUp.goOn();
    else this.#enterBehind(stream, seq);
  }

  live(packet: OutgoingPacket): void {
    // An empty outbox takes an event of any size: unlike a message it can't be read later.
    if (this.#connection.bufferedBytes === 0 || this.#fits(packet.text.length)) this.#connection.send(packet);
    else this.#ports.onLiveDropped();
  }

  presence(userId: string, packet: OutgoingPacket): void {
    // Held only above low water, where `onDrain` is sure to follow and sends it.
    if (this.#ports.budget.isAboveLowWater(this.#connection.bufferedBytes)) {
      this.#heldPresence ??= new HeldPresence(this.#ports.budget.floorBytes);
      this.#heldPresence.hold(userId, packet);
    } else {
      this.#heldPresence?.forget(userId);
      this.#connection.send(packet);
    }
  }

  acknowledge(stream: StreamId, seq: number): boolean {
    if (seq > (this.#catchUp?.position(stream) ?? this.#ports.headOf(stream) ?? 0)) return false;
    this.#acknowledgements.acknowledge(stream, seq);
    return true;
  }

  onPong(): void {
    this.#acknowledgements.onPong();
  }

  onDrain(): void {
    this.#sendHeldPresence();
    this.#catchUp?.goOn();
  }

  unacknowledged(): readonly StreamPosition[] {
    return this.#acknowledgements.outstanding();
  }

  close(): void {
    this.#catchUp?.close();
    this.#acknowledgements.close();
  }

  #fits(bytes: number): boolean {
    return this.#ports.budget.fits(bytes, this.#connection.bufferedBytes);
  }

  #sendHeldPresence(): void {
    const held = this.#heldPresence;
    this.#heldPresence = undefined;
    if (held?.isIncomplete) this.#connection.send(failurePacket(new HubError('presence_missed'), 'presence'));
    else for (const packet of held?.packets() ?? []) this.#connection.send(packet);
  }

  #enterBehind(stream: StreamId, position: number, written = position): void {
    this.#catchUp ??= new CatchUp(this.#connection, (runs) => this.#writePage(runs), this.#ports);
    this.#catchUp.begin(stream, position, written);
  }

  /** Each page is followed by a ping, so that a client which leaves right after catching up does not get all of it again. */
  #writePage(runs: Iterable<MessageRun>): number | undefined {
    let lastSeq: number | undefined;
    let isSent = false;
    for (const run of runs) {
      if (lastSeq !== undefined && !this.#fits(run.bytes)) break;
      isSent = this.#write(run) || isSent;
      lastSeq = run.lastSeq;
    }
    if (isSent) this.#acknowledgements.requestNow();
    return lastSeq;
  }

  /** False if none of it is for this user. */
  #write(run: MessageRun): boolean {
    this.#acknowledgements.wrote(run.stream, run.lastSeq);
    const packets = run.packetsFor(this.userId);
    if (packets === undefined) return false;
    this.#connection.send(packets);
    return true;
  }
}
