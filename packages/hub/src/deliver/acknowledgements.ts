/**
 * What one connection was written and has not acknowledged (I4).
 *
 *     written ──a ping follows──► pinged ──its pong comes──► the cursors move there
 *
 * - Of each stream only the highest `seq` is kept, so memory is bounded by the number of streams.
 * - A pong acknowledges what was written before its ping, and nothing after.
 * - At most one ping is outstanding, and the next one follows a second after it, except behind a page of the log.
 * - A client that acknowledges by `ack` events gets no such ping; its `ack` moves the cursor at once.
 */
import type { Clock } from '../lib/clock.ts';
import type { Connection } from '../ports/connection.ts';
import type { AckMode } from '../ports/session.ts';
import type { CursorAdvance, ReaderId, StreamId, StreamPosition } from '../ports/store.ts';
import type { Pinger } from './ping-schedule.ts';

/** Not more often, since each pong costs the client a packet. */
const pingIntervalMs = 1000;

export interface AcknowledgementPorts {
  readonly advance: (advance: CursorAdvance) => void;
  /** The acknowledgements of this reader that are not on disk yet, asked for when it closes. They are then written without further delay. */
  readonly unwritten: (reader: ReaderId) => Iterable<StreamPosition>;
  /** Calls `onPingDue` some time later. */
  readonly pingLater: (pinger: Pinger) => void;
  readonly clock: Clock;
}

export class Acknowledgements implements Pinger {
  readonly #connection: Pick<Connection, 'ping'>;
  readonly #reader: ReaderId;
  readonly #ackMode: AckMode;
  readonly #ports: AcknowledgementPorts;
  // Maps only while there is something in them: most connections are idle, and an empty map takes 200 bytes.
  /** Since the last ping. */
  #written: Map<StreamId, number> | undefined;
  /** Before the ping that is outstanding. */
  #pinged: Map<StreamId, number> | undefined;
  #isPingWanted = false;
  #lastPingMs = Number.NEGATIVE_INFINITY;

  constructor(connection: Pick<Connection, 'ping'>, reader: ReaderId, ackMode: AckMode, ports: AcknowledgementPorts) {
    this.#connection = connection;
    this.#reader = reader;
    this.#ackMode = ackMode;
    this.#ports = ports;
  }

  /** The stream's messages up to `seq` were handed to the connection. */
  wrote(stream: StreamId, seq: number): void {
    this.#written ??= new Map();
    this.#written.set(stream, seq);
  }

  /** Asks for a ping behind what was written, as soon as the interval allows it. */
  request(): void {
    if (this.#isPingWanted || this.#ackMode !== 'pong') return;
    this.#isPingWanted = true;
    this.onPingDue();
  }

  /** As `request`, without waiting for the interval. */
  requestNow(): void {
    if (this.#ackMode !== 'pong') return;
    this.#lastPingMs = Number.NEGATIVE_INFINITY;
    this.#isPingWanted = true;
    this.onPingDue();
  }

  onPingDue(): void {
    // If a ping is outstanding, its pong calls this again.
    if (this.#isPingWanted && this.#pinged === undefined) this.#ping();
  }

  onPong(): void {
    const pinged = this.#pinged;
    this.#pinged = undefined;
    if (pinged !== undefined) for (const [stream, seq] of pinged) this.#advance(stream, seq);
    this.onPingDue();
  }

  /** By an `ack` event. */
  acknowledge(stream: StreamId, seq: number): void {
    if ((this.#written?.get(stream) ?? 0) <= seq) this.#written?.delete(stream);
    this.#advance(stream, seq);
  }

  /** The stream is not read any more. */
  forget(stream: StreamId): void {
    this.#written?.delete(stream);
    this.#pinged?.delete(stream);
  }

  /** Up to where messages were written whose acknowledgement is not on disk. */
  outstanding(): readonly StreamPosition[] {
    const positions = new Map<StreamId, number>();
    // From the oldest to the latest, so that of each stream the highest remains.
    for (const { stream, seq } of this.#ports.unwritten(this.#reader)) positions.set(stream, seq);
    for (const later of [this.#pinged ?? [], this.#written ?? []]) for (const [stream, seq] of later) positions.set(stream, seq);
    return [...positions].map(([stream, seq]) => ({ stream, seq }));
  }

  /** The connection has closed. */
  close(): void {
    this.#isPingWanted = false;
  }

  #ping(): void {
    const now = this.#ports.clock.monotonic();
    if (now - this.#lastPingMs < pingIntervalMs || !this.#connection.ping()) {
      this.#ports.pingLater(this);
      return;
    }
    this.#lastPingMs = now;
    this.#pinged = this.#written;
    this.#written = undefined;
    this.#isPingWanted = false;
  }

  #advance(stream: StreamId, seq: number): void {
    this.#ports.advance({ userId: this.#reader.userId, deviceId: this.#reader.deviceId, stream, seq });
  }
}
