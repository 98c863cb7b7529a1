/**
 * The streams in which one reader is behind, and the pages of the log that it reads to catch up (I3).
 *
 *     begin ──► behind ──a page──► behind ──(position equals the stream's head)──► caught up: the stream is no longer here
 *
 * - A stream that is behind has a position of its own, and nothing is written of it but what the pages bring, in order.
 * - One page is read at a time, while the outbox has room. Streams are read one after the other.
 * - If a stream can't be read, the client gets an error, and the stream is not read again until it connects again; the others go on.
 * - As much of a page is written as fits into the outbox, and at least one message; the rest is read again later.
 * - The position is compared with the head, and the stream is removed, in one turn of the event loop: so no message is missed or doubled
 *   when the reader goes on with what is published.
 */
import { HubError } from '@parley/protocol';
import type { Clock } from '../lib/clock.ts';
import type { Connection } from '../ports/connection.ts';
import type { MessageRun } from '../ports/session.ts';
import type { Store, StreamId } from '../ports/store.ts';
import { messageRuns } from './message-run.ts';
import type { OutboxBudget } from './outbox-budget.ts';
import { unreadablePacket } from './packets.ts';
import type { PageGate, PageReader } from './page-gate.ts';

/** The most that one page of the log holds: small enough not to delay others, large enough to be fast. */
const pageMessages = 500;
const pageBytesMax = 256 * 1024;
/**
 * The first page of a connection is small, and each one twice as large as the one before. So the first acknowledgement comes soon even
 * over a slow link, where a ping behind a full page would be too late, and the client would be given the same page for ever.
 */
const firstPageBytes = 16 * 1024;
/** After the store was busy. */
const readRetryMs = 1000;

export interface CatchUpPorts {
  readonly readStream: Store['readStream'];
  /** The stream's head on this node; undefined if the stream is not read here any more. */
  readonly headOf: (stream: StreamId) => number | undefined;
  /** A stream could not be read, and will not be read again for this connection. */
  readonly onUnreadable: (stream: StreamId, error: unknown) => void;
  readonly gate: PageGate;
  readonly budget: OutboxBudget;
  readonly clock: Clock;
}

interface Behind {
  position: number;
  /** Up to here messages may have been written to this reader before, on another connection. */
  readonly written: number;
  isUnreadable: boolean;
}

interface Next {
  readonly stream: StreamId;
  readonly behind: Behind;
  readonly head: number;
}

/** Writes what fits into the outbox, and at least the first run. Returns the last `seq` that was written; undefined if there was none. */
export type WritePage = (runs: Iterable<MessageRun>) => number | undefined;

export class CatchUp implements PageReader {
  readonly #connection: Pick<Connection, 'bufferedBytes' | 'send'>;
  readonly #write: WritePage;
  readonly #ports: CatchUpPorts;
  /** Undefined instead of empty: an empty map takes 200 bytes. */
  #behind: Map<StreamId, Behind> | undefined;
  /** A page is asked for while the reader waits for its turn, reads, or waits to read again after a failure. */
  #state: 'resting' | 'asked' | 'closed' = 'resting';
  #pageBytes = firstPageBytes;

  constructor(connection: Pick<Connection, 'bufferedBytes' | 'send'>, write: WritePage, ports: CatchUpPorts) {
    this.#connection = connection;
    this.#write = write;
    this.#ports = ports;
  }

  has(stream: StreamId): boolean {
    return this.#behind?.has(stream) ?? false;
  }

  /** Up to where a stream that is behind was written; undefined for all others. */
  position(stream: StreamId): number | undefined {
    return this.#behind?.get(stream)?.position;
  }

  /** Reads a stream from `position` on. What is at or below `written` is marked as redelivered. */
  begin(stream: StreamId, position: number, written: number): void {
    this.#behind ??= new Map();
    this.#behind.set(stream, { position, written, isUnreadable: false });
    this.goOn();
  }

  end(stream: StreamId): void {
    this.#behind?.delete(stream);
    if (this.#behind?.size === 0) this.#behind = undefined;
  }

  close(): void {
    this.#state = 'closed';
    this.#behind = undefined;
    this.#ports.gate.leave(this);
  }

  /** Asks the gate for a turn to read a page, unless no stream is behind, a turn was asked for already, or the outbox is above low water. */
  goOn(): void {
    if (this.#state !== 'resting' || this.#ports.budget.isAboveLowWater(this.#connection.bufferedBytes)) return;
    if (this.#nextBehind() === undefined) return;
    this.#state = 'asked';
    this.#ports.gate.enter(this);
  }

  pageBytes(): number {
    return Math.min(this.#pageBytes, this.#ports.budget.pageBytes(this.#connection.bufferedBytes));
  }

  async readPage(bytesMax: number): Promise<void> {
    const next = this.#nextBehind();
    try {
      if (next !== undefined) await this.#readNext(next, bytesMax);
    } catch (error) {
      if (isPassing(error)) {
        // The store is busy, or has failed and reports that itself.
        this.#ports.clock.after(readRetryMs, () => this.#afterPage());
        return;
      }
      if (next !== undefined) this.#giveUp(next, error);
    }
    this.#afterPage();
  }

  /** A stream with something to read. Streams whose position has reached the head have caught up, and are removed here. */
  #nextBehind(): Next | undefined {
    for (const [stream, behind] of this.#behind ?? []) {
      const head = this.#ports.headOf(stream);
      if (head === undefined || (behind.position === head && behind.written <= head)) this.end(stream);
      // A position above the head: the log is ahead of what was published here, which will follow.
      else if (behind.position < head && !behind.isUnreadable) return { stream, behind, head };
    }
    return undefined;
  }

  async #readNext({ stream, behind, head }: Next, bytesMax: number): Promise<void> {
    const afterSeq = behind.position;
    const page = await this.#ports.readStream({ stream, afterSeq, uptoSeq: head, limit: pageMessages, bytesMax });
    this.#pageBytes = Math.min(2 * this.#pageBytes, pageBytesMax);
    // The stream may have been left, or left and joined again, while the page was read.
    if (this.#behind?.get(stream) !== behind) return;
    const { messageBytesMax } = this.#ports.budget;
    const runs = messageRuns(page, { written: behind.written, bytesMax, messageBytesMax });
    // An empty page: what was there has expired.
    behind.position = this.#write(runs) ?? head;
  }

  #giveUp({ stream, behind }: Next, error: unknown): void {
    // The connection may have closed, or left the stream, meanwhile.
    if (this.#behind?.get(stream) !== behind) return;
    behind.isUnreadable = true;
    this.#connection.send(unreadablePacket(stream));
    this.#ports.onUnreadable(stream, error);
  }

  #afterPage(): void {
    if (this.#state === 'closed') return;
    this.#state = 'resting';
    this.goOn();
  }
}

/** Whether the same read can succeed later. */
const isPassing = (error: unknown): boolean => error instanceof HubError && error.code !== 'internal_error';
