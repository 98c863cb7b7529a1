/**
 * Writes down what the clients do and see: gives numbers to connections and messages, keeps the history, and shows
 * each event to the checks at once.
 */
import type { Payload } from '../support/client.ts';
import type { Check, Violation } from './checks/check.ts';
import { CheckRun } from './checks/run-checks.ts';
import { EventLog } from './history/event-log.ts';
import type { HistoryEvent } from './history/events.ts';
import type { Ledger } from './history/ledger.ts';
import { inboxStream, roomStream, type World } from './history/world.ts';

/** More are not kept: the first ones tell the most. */
const violationsMax = 20;

/** Content is the number of the message and padding of a length that follows from it, so that it can be checked whether it came whole. */
const paddings = [0, 16, 40, 100, 16, 0, 250, 40].map((length) => 'x'.repeat(length));
const largePadding = 'y'.repeat(3_000);

export interface Sending {
  readonly streams: readonly number[];
  readonly echo: boolean;
  readonly named: boolean;
}

export interface RunCounts {
  acknowledged: number;
  refused: number;
  unknown: number;
  delivered: number;
  redelivered: number;
  /** Deliveries of what the reader had received before. */
  repeated: number;
  connections: number;
}

export class Recorder {
  readonly world: World;
  readonly log = new EventLog();
  readonly counts: RunCounts = { acknowledged: 0, refused: 0, unknown: 0, delivered: 0, redelivered: 0, repeated: 0, connections: 0 };
  readonly #run: CheckRun;
  readonly #startMs = performance.now();
  readonly #users: ReadonlyMap<unknown, number>;
  readonly #rooms: ReadonlyMap<unknown, number>;
  #messages = 0;

  constructor(world: World, checks: readonly Check[]) {
    this.world = world;
    this.#run = new CheckRun(world, checks);
    this.#users = new Map(world.users.map((id, user) => [id, user]));
    this.#rooms = new Map(world.rooms.map((id, room) => [id, room]));
  }

  get ledger(): Ledger {
    return this.#run.ledger;
  }

  /** What was found wrong so far. */
  get violations(): readonly Violation[] {
    return this.#run.violations;
  }

  nowMs(): number {
    return performance.now() - this.#startMs;
  }

  add(event: HistoryEvent): void {
    if (this.#isFull) return;
    const timed = { ...event, atMs: this.nowMs() };
    this.log.add(timed);
    this.#run.on(timed);
  }

  /** Nothing is recorded any more, so nothing can be compared with it. */
  get #isFull(): boolean {
    return this.#run.violations.length >= violationsMax;
  }

  /** Something is wrong that no check of the history can see. */
  fault(violation: Violation): void {
    this.#run.violations.push(violation);
  }

  /** Lets the checks look for what never came. */
  end(): void {
    this.#run.end();
  }

  open(reader: number, node: number): number {
    const connection = this.counts.connections++;
    this.add({ kind: 'open', connection, reader, node });
    return connection;
  }

  /** One event to one stream or to several inboxes. Returns the number of the first of its messages. */
  send(connection: number, { streams, echo, named }: Sending): number {
    const first = this.#messages;
    for (const [index, stream] of streams.entries()) {
      this.add({ kind: 'send', connection, message: first + index, stream, group: streams.length - index, echo, named });
    }
    this.#messages += streams.length;
    return first;
  }

  /** The hub's reply to one attempt, for one message. */
  answer(connection: number, message: number, reply: Payload): void {
    if (reply.status === 'success') {
      this.counts.acknowledged += 1;
      const duplicate = reply.duplicate === true;
      this.add({ kind: 'ok', connection, message, seq: Number(reply.seq), id: idOf(reply.message_id), duplicate });
    } else {
      this.counts.refused += 1;
      this.add({ kind: 'refused', connection, message, code: String(reply.code) });
    }
  }

  unknown(connection: number, message: number): void {
    this.counts.unknown += 1;
    this.add({ kind: 'unknown', connection, message });
  }

  /** A `message` or `room_message` came. Returns where it belongs. */
  delivered(connection: number, payload: Payload): { readonly stream: number; readonly seq: number } {
    const room = this.#rooms.get(payload.room_id);
    const stream = room === undefined ? inboxStream(this.#users.get(payload.recipient_id) ?? -1) : roomStream(this.world, room);
    const seq = Number(payload.seq);
    if (this.#isFull) return { stream, seq };
    const first = Number.parseInt(String(payload.content), 10);
    if (stream < 0 || !(first < this.#messages) || payload.content !== contentOf(first)) {
      this.fault({ check: 'content', problem: `this was never sent: ${JSON.stringify(payload).slice(0, 200)}`, connection });
      return { stream, seq };
    }
    const message = this.ledger.messageFor(first, stream) ?? first;
    if (this.#users.get(payload.sender_id) !== this.ledger.messages.sender(message)) {
      this.fault({ check: 'sender', problem: `message ${message} came in the name of ${payload.sender_id}`, message, connection });
    }
    const redelivered = payload.redelivered === true;
    this.counts.delivered += 1;
    if (redelivered) this.counts.redelivered += 1;
    if (seq <= (this.ledger.connection(connection).readerHad.get(stream)?.seq ?? 0)) this.counts.repeated += 1;
    this.add({ kind: 'delivered', connection, stream, seq, id: idOf(payload.id), message, redelivered });
    return { stream, seq };
  }
}

/** What fits into the history: ids are compared and no more. */
function idOf(id: unknown): number {
  return Number(id) | 0;
}

export function contentOf(message: number): string {
  const padding = message % 1_009 === 0 ? largePadding : paddings[message % paddings.length];
  return `${message}:${padding}`;
}
