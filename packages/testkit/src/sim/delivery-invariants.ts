/** What must hold for each packet that the hub gives to a connection, judged before the network has touched it. */
import { inboxOf, type ReaderId, type ReaderStream, type StreamId, timelineOf } from '@parley/hub';
import { type SocketPacket, userIdFromWire } from '@parley/protocol';
import { isSilent, type Ledger, type Logged, type ReaderRecord } from './ledger.ts';
import { fieldsOf } from './payload.ts';
import { nameOf } from './store-invariants.ts';
import type { Verdict } from './violation.ts';

/** A connection that has registered. */
interface Reading {
  readonly reader: ReaderRecord;
  readonly connection: string;
  /** `Ledger.tick` at that moment. */
  readonly since: number;
  /** The last message written in each stream that it follows, at first where it starts. */
  readonly positions: Map<StreamId, number>;
  /** Up to where the store says that messages may have been written to this reader before. */
  readonly marks: ReadonlyMap<StreamId, number>;
}

export class DeliveryInvariants {
  readonly #ledger: Ledger;
  readonly #verdict: Verdict;
  readonly #readings = new Map<string, Reading>();
  #deliveries = 0;
  #redeliveries = 0;

  constructor(ledger: Ledger, verdict: Verdict) {
    this.#ledger = ledger;
    this.#verdict = verdict;
  }

  get deliveries(): number {
    return this.#deliveries;
  }

  get redeliveries(): number {
    return this.#redeliveries;
  }

  /** How many connections of the user are registered now. */
  connectionsOf(userId: string): number {
    return [...this.#readings.values()].filter(({ reader }) => reader.userId === userId).length;
  }

  /** How many connections follow the stream now. */
  followersOf(stream: StreamId): number {
    return [...this.#readings.values()].filter(({ positions }) => positions.has(stream)).length;
  }

  onRegistered(connection: string, id: ReaderId, streams: readonly ReaderStream[]): void {
    this.#readings.set(connection, {
      reader: this.#ledger.reader(id),
      connection,
      since: this.#ledger.tick(),
      positions: new Map(streams.map(({ stream, cursor }) => [stream, cursor])),
      marks: new Map(streams.map(({ stream, written }) => [stream, written])),
    });
  }

  onJoined(userId: string, roomId: string, joinedSeq: number): void {
    for (const { reader, positions } of this.#readings.values()) {
      if (reader.userId === userId) positions.set(timelineOf(roomId), joinedSeq);
    }
  }

  onLeft(userId: string, roomId: string): void {
    for (const { reader, positions } of this.#readings.values()) {
      if (reader.userId === userId) positions.delete(timelineOf(roomId));
    }
  }

  onEnded(connection: string): void {
    this.#readings.delete(connection);
  }

  onProcessLost(): void {
    this.#readings.clear();
  }

  onSent(connection: string, packet: SocketPacket): void {
    if (packet.type === 'ack') {
      this.#onAnswer(fieldsOf(packet.args[0]));
    } else if (packet.type === 'event') {
      const [name, payload] = packet.args;
      const fields = fieldsOf(payload);
      if (name === 'message' || name === 'room_message') this.#onMessage(connection, fields);
      else if (name === 'message_delivered') this.#onReceipt(fields);
      else if (name === 'message_sent') this.#onAnswer(fields);
    }
  }

  #onMessage(connection: string, fields: Record<string, unknown>): void {
    const reading = this.#readings.get(connection);
    if (reading === undefined) {
      this.#verdict.fail('I3', 'a message was written to a connection that is not registered');
      return;
    }
    const { room_id: roomId, recipient_id: recipient } = fields;
    const stream = typeof roomId === 'string' ? timelineOf(roomId) : inboxOf(idOf(recipient));
    const seq = Number(fields.seq);
    const where = `${nameOf(reading.reader)}, connection ${connection}: ${stream} ${seq}`;
    const logged = this.#ledger.message(stream, seq);
    if (logged === undefined) this.#verdict.fail('I1', `${where} was written, but is not in the log`);
    else this.#onWritten(reading, logged, fields, where);
  }

  #onWritten(reading: Reading, logged: Logged, fields: Record<string, unknown>, where: string): void {
    const { reader, connection, positions } = reading;
    const { stream, seq } = logged;
    this.#requireSame(logged, fields, where);
    this.#verdict.require(this.#ledger.isFor(reader.userId, stream, seq), 'access', () => `${where} is not for this user`);
    this.#requireNext(reading, logged, where);
    this.#requireMark(reading, logged, fields.redelivered === true, where);
    this.#deliveries += 1;
    if (fields.redelivered === true) this.#redeliveries += 1;
    reader.write(stream, seq, { connection, at: this.#ledger.tick() });
    positions.set(stream, seq);
  }

  #requireSame(logged: Logged, fields: Record<string, unknown>, where: string): void {
    const isSame = fields.id === String(logged.id) && JSON.stringify(fields.content) === logged.content;
    this.#verdict.require(isSame, 'I1', () => `${where} differs from what was stored`);
    this.#verdict.require(idOf(fields.sender_id) === logged.senderId, 'I10', () => `${where} names the wrong sender`);
  }

  /** I3: in order, and nothing that this reader is to get lies between. */
  #requireNext({ reader, positions }: Reading, message: Logged, where: string): void {
    const { stream, seq } = message;
    const before = positions.get(stream);
    this.#verdict.require(before !== undefined, 'access', () => `${where} was written, but this connection does not read the stream`);
    this.#verdict.require(seq > (before ?? 0), 'I3', () => `${where} was written after ${before}`);
    this.#verdict.require(!isSilent(message, reader.userId), 'echo', () => `${where} was written back to its sender`);
    const between = this.#ledger.log(stream).slice(before ?? seq, seq - 1);
    const missing = between.find((other) => !other.isGone && !isSilent(other, reader.userId));
    this.#verdict.require(missing === undefined, 'I3', () => `${where} was written after ${before}, ${missing?.seq} was left out`);
  }

  /** What an earlier connection of this reader was written is marked when it comes again; nothing else is. */
  #requireMark({ reader, connection, since, marks }: Reading, { stream, seq }: Logged, isMarked: boolean, where: string): void {
    const earlier = reader.written(stream, seq).find((written) => written.connection !== connection && written.at < since);
    if (earlier !== undefined) {
      this.#verdict.require(isMarked, 'redelivered', () => `${where} was written to ${earlier.connection} before, and has no mark`);
    } else if (isMarked) {
      this.#verdict.require(seq <= (marks.get(stream) ?? 0), 'redelivered', () => `${where} is marked, but was never written before`);
    }
  }

  /** A sender hears of a delivery only after the recipient has received the message. */
  #onReceipt(fields: Record<string, unknown>): void {
    const userId = idOf(fields.recipient_id);
    const seq = Number(fields.seq);
    const readers = this.#ledger.readersOf(userId);
    const isReceived = readers.some((reader) => reader.hasReceived(inboxOf(userId), seq));
    this.#verdict.require(isReceived, 'receipt', () => `message_delivered for ${inboxOf(userId)} ${seq}, which nobody has received`);
  }

  /** I1: what is acknowledged is stored. */
  #onAnswer(fields: Record<string, unknown>): void {
    const results = Array.isArray(fields.results) ? fields.results.map(fieldsOf) : [fields];
    for (const { message_id: id, seq } of results) {
      if (typeof id !== 'string') continue;
      this.#verdict.require(this.#ledger.byId.get(id)?.seq === seq, 'I1', () => `message ${id} was acknowledged and is not in the log`);
    }
  }
}

const idOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? userIdFromWire(value) : '');
