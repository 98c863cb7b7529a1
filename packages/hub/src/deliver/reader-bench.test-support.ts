import { HubError } from '@parley/protocol';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { OutgoingPacket, type OutgoingPackets } from '../lib/outgoing-packet.ts';
import type { Connection } from '../ports/connection.ts';
import type { AckMode } from '../ports/session.ts';
import type { CursorAdvance, LogEntry, StoredMessage, StreamId, StreamPosition } from '../ports/store.ts';
import { messageRuns } from './message-run.ts';
import { OutboxBudget, type OutboxMarks } from './outbox-budget.ts';
import { PageGate } from './page-gate.ts';
import type { Pinger } from './ping-schedule.ts';
import { StreamReader } from './stream-reader.ts';

export const inbox = 'user:ann';
export const marks = { floorBytes: 500, highWaterBytes: 1500, lowWaterBytes: 600, totalBytesMax: 1_000_000, connectionBytesMax: 10_000 };

export type MessageChanges = Partial<Pick<StoredMessage, 'senderId' | 'content' | 'echo'>>;

export function messageOf(seq: number, changes: MessageChanges = {}): StoredMessage {
  return {
    ...{ id: seq, stream: inbox, seq, senderId: 'bob', recipientId: 'ann', roomId: undefined },
    ...{ type: 'text', content: '"hello"', createdAtMs: 0, clientMsgId: undefined, echo: true },
    ...changes,
  };
}

class FakeConnection implements Connection {
  readonly id = 'connection';
  readonly handshake = { address: '', headers: {}, query: {}, auth: {}, issuedAtMs: 0 };
  readonly transport = 'websocket';
  readonly openedMs = 0;
  readonly lastHeardMs = 0;
  readonly isGone = false;
  readonly stalledSinceMs = undefined;
  readonly sent: string[] = [];
  bufferedBytes = 0;
  pings = 0;
  isPingOutstanding = false;

  send(outgoing: OutgoingPackets): void {
    for (const { text } of outgoing instanceof OutgoingPacket ? [outgoing] : outgoing.packets) {
      this.sent.push(text);
      this.bufferedBytes += text.length;
    }
  }

  ping(): boolean {
    if (this.isPingOutstanding) return false;
    this.isPingOutstanding = true;
    this.pings += 1;
    return true;
  }

  hold(): void {}

  release(): void {}

  identified(): void {}

  close(): void {}

  /** The `seq`s that were written, with `*` where the mark of redelivery is, and the code of an error. */
  get seqs(): string[] {
    return this.sent.map((text) => {
      const [, code] = /"code":"(\w+)"/.exec(text) ?? [];
      return `${/"seq":(\d+)/.exec(text)?.[1]}${text.includes('"redelivered":true') ? '*' : ''}${code === undefined ? '' : ` ${code}`}`;
    });
  }
}

interface PendingRead {
  readonly afterSeq: number;
  readonly uptoSeq: number;
  readonly bytesMax: number;
  readonly page: PromiseWithResolvers<readonly LogEntry[]>;
}

/** A reader of one stream, whose log, network and time the test plays. */
export class Bench {
  readonly connection = new FakeConnection();
  readonly clock = new ManualClock();
  readonly log: LogEntry[] = [];
  readonly advances: CursorAdvance[] = [];
  readonly reads: PendingRead[] = [];
  readonly reader: StreamReader;
  unwritten: StreamPosition[] = [];
  head = 0;
  usedByOthers = 0;
  liveDropped = 0;
  readonly unreadable: StreamId[] = [];

  constructor(ackMode: AckMode = 'pong', outbox: OutboxMarks = marks) {
    const waiting = new Set<Pinger>();
    this.reader = new StreamReader(this.connection, { userId: 'ann', deviceId: '' }, ackMode, {
      readStream: ({ afterSeq, uptoSeq, bytesMax }) => {
        const page = Promise.withResolvers<readonly LogEntry[]>();
        this.reads.push({ afterSeq, uptoSeq, bytesMax, page });
        return page.promise;
      },
      headOf: () => this.head,
      advance: (advance) => this.advances.push(advance),
      unwritten: () => this.unwritten,
      pingLater: (pinger) => {
        if (waiting.has(pinger)) return;
        waiting.add(pinger);
        this.clock.after(250, () => {
          waiting.delete(pinger);
          pinger.onPingDue();
        });
      },
      onUnreadable: (stream) => this.unreadable.push(stream),
      onLiveDropped: () => {
        this.liveDropped += 1;
      },
      gate: new PageGate(this.clock),
      budget: new OutboxBudget(outbox, () => this.connection.bufferedBytes + this.usedByOthers),
      clock: this.clock,
    });
  }

  /** Already in the log when the reader comes. */
  stored(count: number): void {
    for (let seq = this.log.length + 1; count > 0; count--, seq++) this.log.push(messageOf(seq));
    this.head = this.log.length;
  }

  /** Messages that are published together. */
  publish(...all: MessageChanges[]): void {
    const messages = (all.length === 0 ? [{}] : all).map((changes, index) => messageOf(this.log.length + 1 + index, changes));
    this.log.push(...messages);
    this.head = this.log.length;
    for (const run of messageRuns(messages)) this.reader.deliver(run);
  }

  /** The store answers the page that is being read, with so many messages at most. */
  async answerRead(limit = Number.POSITIVE_INFINITY): Promise<void> {
    const read = this.reads.shift();
    read?.page.resolve(this.log.slice(read.afterSeq, Math.min(read.uptoSeq, read.afterSeq + limit)));
    await settled();
  }

  /** The message can't be read any more. */
  damage(seq: number): void {
    this.log[seq - 1] = { stream: inbox, seq, damaged: true };
  }

  async failRead(error: Error = new HubError('overloaded')): Promise<void> {
    this.reads.shift()?.page.reject(error);
    await settled();
  }

  drain(): void {
    const wasAbove = this.connection.bufferedBytes > marks.lowWaterBytes;
    this.connection.bufferedBytes = 0;
    if (wasAbove) this.reader.onDrain();
  }

  pong(): void {
    if (!this.connection.isPingOutstanding) return;
    this.connection.isPingOutstanding = false;
    this.reader.onPong();
  }

  get cursor(): number | undefined {
    return this.advances.at(-1)?.seq;
  }
}

/** More microtasks than the reader needs after a page. */
async function settled(): Promise<void> {
  for (let count = 0; count < 20; count++) await undefined;
}
