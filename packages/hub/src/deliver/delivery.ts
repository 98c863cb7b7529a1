/** The deliver stage as a whole: makes the readers of sessions, and has the store keep what they have acknowledged. */
import type { Clock } from '../lib/clock.ts';
import type { Connection } from '../ports/connection.ts';
import type { Log } from '../ports/log.ts';
import type { AckMode, Reader } from '../ports/session.ts';
import type { ReaderId, Store, StreamId } from '../ports/store.ts';
import { CursorWriter } from './cursor-writer.ts';
import { OutboxBudget, type OutboxMarks } from './outbox-budget.ts';
import { PageGate } from './page-gate.ts';
import { PingSchedule } from './ping-schedule.ts';
import { type ReceiptPorts, tellSenders } from './receipts.ts';
import { type ReaderPorts, StreamReader } from './stream-reader.ts';

/** So many unreadable streams are logged, each once; with more of them the log has long said what is wrong. */
const unreadableLoggedMax = 1000;

export interface DeliveryPorts extends ReceiptPorts {
  readonly store: Pick<Store, 'readStream' | 'advance' | 'states'>;
  readonly clock: Clock;
  readonly outbox: OutboxMarks;
  /** What waits in the outboxes of all connections. */
  readonly outboxBytes: () => number;
  /** The stream's head on this node; undefined if nobody here reads it. */
  readonly headOf: (stream: StreamId) => number | undefined;
  readonly log: Log;
}

export class Delivery {
  readonly #cursors: CursorWriter;
  readonly #budget: OutboxBudget;
  readonly #readerPorts: ReaderPorts;
  readonly #unreadable = new Set<StreamId>();
  #liveDropped = 0;

  constructor({ store, clock, outbox, outboxBytes, headOf, log, ...receipts }: DeliveryPorts) {
    this.#cursors = new CursorWriter({ store, clock, onReceipts: (delivered) => void tellSenders(delivered, { store, ...receipts }) });
    const floorBytes = Math.min(outbox.floorBytes, outbox.highWaterBytes);
    this.#budget = new OutboxBudget({ ...outbox, floorBytes }, outboxBytes);
    this.#readerPorts = {
      readStream: (query) => store.readStream(query),
      headOf,
      advance: (advance) => this.#cursors.advance(advance),
      unwritten: (reader) => this.#cursors.unwritten(reader),
      pingLater: new PingSchedule(clock).later,
      onLiveDropped: () => {
        this.#liveDropped += 1;
      },
      onUnreadable: (stream, error) => this.#logOnce(log, stream, error),
      gate: new PageGate(clock),
      budget: this.#budget,
      clock,
    };
  }

  /** Live-only events that were dropped because their receiver was behind. */
  get liveDropped(): number {
    return this.#liveDropped;
  }

  /** How many bytes the connection may be given now: for replies that can be shortened. */
  roomFor(connection: Pick<Connection, 'bufferedBytes'>): number {
    return this.#budget.roomFor(connection.bufferedBytes);
  }

  makeReader(connection: Connection, reader: ReaderId, ackMode: AckMode): Reader {
    return new StreamReader(connection, reader, ackMode, this.#readerPorts);
  }

  /** Resolves when all acknowledgements so far were written, or could not be. */
  flush(): Promise<void> {
    return this.#cursors.flush();
  }

  /** Once for each stream: it may have many readers, each of which tries again when it connects. */
  #logOnce(log: Log, stream: StreamId, error: unknown): void {
    if (this.#unreadable.has(stream) || this.#unreadable.size >= unreadableLoggedMax) return;
    this.#unreadable.add(stream);
    log.error({ stream, error }, 'a stream could not be read: its readers get an error, and it is read again when they connect again');
  }
}
