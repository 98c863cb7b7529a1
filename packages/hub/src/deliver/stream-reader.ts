/**
 * Reads streams for one session: catch-up from the log, hand-over to live, and proof of receipt.
 *
 * In each stream a reader is either live or behind.
 *
 *     follow ──► behind ──(position reaches the stream's head)──► live
 *                  ▲                                               │
 *                  └──(outbox above high water, or a gap)──────────┘
 *
 * - Live: it stands at the head that `Streams` keeps, and gets each next message as it is published.
 * - Behind: it has a position of its own and published messages are not pushed; pages are read from the
 *   log up to the head, one at a time, while the outbox is below low water. The step to live happens in the same turn in
 *   which the position is compared with the head, so there is no hole, no inversion and no doubling (I3).
 *
 * Proof of receipt (I4): `#unproved` holds the highest `seq` sent in each stream since the last ping. Behind what was
 * sent, at most once a second, a ping follows and `#unproved` becomes `#pinged`; when its pong comes, the cursors move there.
 * Memory is bounded by the number of streams, never by the number of messages (I6).
 */
import type { Clock } from '../lib/clock.ts';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Connection } from '../ports/connection.ts';
import type { AckMode, MessageRun, Reader, ReaderStart } from '../ports/session.ts';
import type { CursorAdvance, ReaderId, Store, StreamId, StreamPosition } from '../ports/store.ts';
import { messageRuns } from './message-run.ts';
import type { OutboxBudget } from './outbox-budget.ts';

/** What one page of the log brings at most. Small enough that a page is not felt by others, large enough to be fast. */
const pageMessages = 500;
const pageBytesMax = 256 * 1024;
/**
 * The first page of a connection is small, and each one twice as large as the one before. So the first proof comes soon even over
 * a slow link, where a ping behind a full page would be too late, and the client would be given the same page for ever.
 */
const firstPageBytes = 16 * 1024;
/** A pong costs the client a packet, so a busy connection proves its receipt once a second. */
const proofIntervalMs = 1000;
/** After a read that failed. */
const readRetryMs = 1000;

export interface ReaderPorts {
  readonly readStream: Store['readStream'];
  /** The stream's head on this node; undefined if the stream is not read here any more. */
  readonly headOf: (stream: StreamId) => number | undefined;
  readonly advance: (advance: CursorAdvance) => void;
  /** Proofs of this reader, which closes, that are not on disk yet. They are written without further delay. */
  readonly pendingProofs: (reader: ReaderId) => Iterable<StreamPosition>;
  /** Calls `onProofDue` after the proof interval. */
  readonly proofLater: (reader: StreamReader) => void;
  readonly onLiveDropped: () => void;
  /** Calls it back when it is this reader's turn to read a page. */
  readonly enterGate: (readPage: () => Promise<void>) => void;
  readonly budget: OutboxBudget;
  readonly clock: Clock;
}

interface Behind {
  position: number;
  /** Up to here messages may have been written to this reader before, on another connection. */
  written: number;
}

export class StreamReader implements Reader {
  readonly userId: string;
  readonly #deviceId: string;
  readonly #connection: Connection;
  readonly #ackMode: AckMode;
  readonly #ports: ReaderPorts;
  // Maps only while there is something in them: most connections are idle, and an empty map takes 200 bytes.
  #behind: Map<StreamId, Behind> | undefined;
  /** The latest presence of each user, held back while the outbox is full. */
  #heldPresence: Map<string, OutgoingPacket> | undefined;
  #unproved: Map<StreamId, number> | undefined;
  #pinged: Map<StreamId, number> | undefined;
  /** What was sent since the last ping needs another one, which comes when it may: after the pong, or the interval. */
  #wantsProof = false;
  #lastPingMs = Number.NEGATIVE_INFINITY;
  #reading = false;
  #pageBytes = firstPageBytes;
  #closed = false;

  constructor(connection: Connection, reader: ReaderId, ackMode: AckMode, ports: ReaderPorts) {
    this.userId = reader.userId;
    this.#deviceId = reader.deviceId;
    this.#connection = connection;
    this.#ackMode = ackMode;
    this.#ports = ports;
  }

  follow(start: ReaderStart): void {
    if (start.cursor >= (this.#ports.headOf(start.stream) ?? 0)) return;
    this.#leaveBehind(start.stream, { position: start.cursor, written: start.written });
  }

  unfollow(stream: StreamId): void {
    this.#behind?.delete(stream);
    this.#unproved?.delete(stream);
    this.#pinged?.delete(stream);
  }

  deliver(run: MessageRun): void {
    if (this.#behind?.has(run.stream)) this.#catchUp();
    else if (this.#isOver) this.fallBehind(run.stream, run.firstSeq - 1);
    else this.#pass([run]);
  }

  fallBehind(stream: StreamId, seq: number): void {
    if (this.#behind?.has(stream)) this.#catchUp();
    else this.#leaveBehind(stream, { position: seq, written: seq });
  }

  live(packet: OutgoingPacket): void {
    if (this.#isOver) this.#ports.onLiveDropped();
    else this.#connection.send(packet);
  }

  presence(userId: string, packet: OutgoingPacket): void {
    this.#heldPresence?.delete(userId);
    // Held above low water only: so it is sure that the outbox drains, and sends it.
    if (this.#ports.budget.canTake(this.#connection.bufferedBytes)) this.#connection.send(packet);
    else {
      this.#heldPresence ??= new Map();
      this.#heldPresence.set(userId, packet);
    }
  }

  acknowledge(stream: StreamId, seq: number): boolean {
    if (seq > (this.#behind?.get(stream)?.position ?? this.#ports.headOf(stream) ?? 0)) return false;
    if ((this.#unproved?.get(stream) ?? 0) <= seq) this.#unproved?.delete(stream);
    this.#advance(stream, seq);
    return true;
  }

  /** The time of a proof that had to wait. */
  onProofDue(): void {
    if (!this.#closed && this.#wantsProof && this.#pinged === undefined) this.#prove();
  }

  onPong(): void {
    const proved = this.#pinged;
    this.#pinged = undefined;
    if (proved !== undefined) for (const [stream, seq] of proved) this.#advance(stream, seq);
    if (this.#wantsProof) this.#prove();
  }

  onDrain(): void {
    for (const packet of this.#heldPresence?.values() ?? []) this.#connection.send(packet);
    this.#heldPresence = undefined;
    this.#catchUp();
  }

  close(): void {
    this.#closed = true;
  }

  unproved(): readonly StreamPosition[] {
    const written = new Map<StreamId, number>();
    const pending = this.#ports.pendingProofs({ userId: this.userId, deviceId: this.#deviceId });
    // From the oldest to the latest, so that of each stream the highest remains.
    for (const { stream, seq } of pending) written.set(stream, seq);
    for (const positions of [this.#pinged ?? [], this.#unproved ?? []]) for (const [stream, seq] of positions) written.set(stream, seq);
    return [...written].map(([stream, seq]) => ({ stream, seq }));
  }

  get #isOver(): boolean {
    return this.#ports.budget.isOver(this.#connection.bufferedBytes);
  }

  #pass(runs: Iterable<MessageRun>): void {
    let isSent = false;
    for (const run of runs) {
      this.#unproved ??= new Map();
      this.#unproved.set(run.stream, run.lastSeq);
      const packets = run.packetsFor(this.userId);
      if (packets === undefined) continue;
      this.#connection.send(packets);
      isSent = true;
    }
    if (!isSent || this.#wantsProof || this.#ackMode !== 'pong') return;
    this.#wantsProof = true;
    // If a ping is outstanding, its pong goes on from here.
    if (this.#pinged === undefined) this.#prove();
  }

  /** Sends the ping that proves what was sent so far, or sees to it that it is sent later. */
  #prove(): void {
    const now = this.#ports.clock.monotonic();
    if (now - this.#lastPingMs >= proofIntervalMs && this.#connection.ping()) {
      this.#lastPingMs = now;
      this.#pinged = this.#unproved;
      this.#unproved = undefined;
      this.#wantsProof = false;
    } else {
      this.#ports.proofLater(this);
    }
  }

  #advance(stream: StreamId, seq: number): void {
    this.#ports.advance({ userId: this.userId, deviceId: this.#deviceId, stream, seq });
  }

  #leaveBehind(stream: StreamId, behind: Behind): void {
    this.#behind ??= new Map();
    this.#behind.set(stream, behind);
    this.#catchUp();
  }

  /** Asks for a turn to read, unless all streams are live, one was asked for, or the outbox is full. */
  #catchUp(): void {
    if (this.#reading || this.#closed || !this.#ports.budget.canTake(this.#connection.bufferedBytes)) return;
    if (this.#nextBehind() === undefined) return;
    this.#reading = true;
    this.#ports.enterGate(() => this.#readNext());
  }

  /** A stream with something to read. Streams whose position has reached the head become live here. */
  #nextBehind(): { stream: StreamId; behind: Behind; head: number } | undefined {
    for (const [stream, behind] of this.#behind ?? []) {
      const head = this.#ports.headOf(stream);
      if (head === undefined || behind.position === head) this.#behind?.delete(stream);
      // A position above the head: the log is ahead of what was published here, which will come.
      else if (behind.position < head) return { stream, behind, head };
    }
    return undefined;
  }

  async #readNext(): Promise<void> {
    const next = this.#closed ? undefined : this.#nextBehind();
    try {
      if (next !== undefined) await this.#readPage(next.stream, next.behind, next.head);
    } catch {
      // The store is busy, or has failed and says so itself.
      this.#ports.clock.after(readRetryMs, () => this.#afterRead());
      return;
    }
    this.#afterRead();
  }

  #afterRead(): void {
    this.#reading = false;
    this.#catchUp();
  }

  async #readPage(stream: StreamId, behind: Behind, uptoSeq: number): Promise<void> {
    const afterSeq = behind.position;
    const page = await this.#ports.readStream({ stream, afterSeq, uptoSeq, limit: pageMessages, bytesMax: this.#pageBytes });
    this.#pageBytes = Math.min(2 * this.#pageBytes, pageBytesMax);
    // The stream may have been left, or left and joined again, while the page was read.
    if (this.#closed || this.#behind?.get(stream) !== behind) return;
    // A page is worth a pong of its own: a client that goes right after catching up need not get it all again.
    this.#lastPingMs = Number.NEGATIVE_INFINITY;
    this.#pass(messageRuns(page, behind.written));
    this.onProofDue();
    // An empty page: what was there has expired.
    behind.position = page.at(-1)?.seq ?? uptoSeq;
  }
}
