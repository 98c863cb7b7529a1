/**
 * What follows from the events so far: the read model that the checks share. A check is shown an event before the
 * ledger applies it, so it compares the event with everything that came earlier.
 */
import type { TimedEvent } from './events.ts';
import { Memberships } from './memberships.ts';
import { Messages, StreamView } from './messages.ts';
import type { World } from './world.ts';
import { isInbox } from './world.ts';

/** How far somebody has received a stream: everything in `[start, seq]` that was for it. */
export interface Position {
  readonly start: number;
  readonly seq: number;
  /** The membership's, at the time of the last delivery. */
  readonly epoch: number;
}

type Positions = Map<number, Position>;

export interface ConnectionView {
  readonly reader: number;
  readonly user: number;
  readonly node: number;
  readonly openedAtMs: number;
  /** What the reader had received when this connection was opened. */
  readonly readerHad: ReadonlyMap<number, Position>;
  readonly positions: Positions;
  registeredAtMs: number | undefined;
  state: 'open' | 'unsure' | 'closed';
}

export class Ledger {
  readonly world: World;
  readonly messages = new Messages();
  readonly memberships = new Memberships();
  readonly #streams: readonly StreamView[];
  readonly #connections: ConnectionView[] = [];
  readonly #readers: readonly { readonly positions: Positions; knownSince: number | undefined }[];
  readonly #users: readonly Positions[];
  /** For each sender and stream the highest `seq` that was acknowledged. */
  readonly #acknowledgedSeq = new Map<number, number>();
  #eventCount = 0;

  constructor(world: World) {
    this.world = world;
    this.#streams = [...world.users, ...world.rooms].map(() => new StreamView());
    this.#readers = world.readers.map(() => ({ positions: new Map(), knownSince: undefined }));
    this.#users = world.users.map(() => new Map());
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  get connections(): readonly ConnectionView[] {
    return this.#connections;
  }

  connection(connection: number): ConnectionView {
    const view = this.#connections[connection];
    if (view === undefined) throw new Error(`connection ${connection} was never opened`);
    return view;
  }

  stream(stream: number): StreamView {
    const view = this.#streams[stream];
    if (view === undefined) throw new Error(`there is no stream ${stream}`);
    return view;
  }

  readerPosition(reader: number, stream: number): Position | undefined {
    return this.#readers[reader]?.positions.get(stream);
  }

  /** What any of the user's readers has received. */
  userPosition(user: number, stream: number): Position | undefined {
    return this.#users[user]?.get(stream);
  }

  /** The number of the event since which the hub is known to keep a cursor for this reader. */
  readerKnownSince(reader: number): number | undefined {
    return this.#readers[reader]?.knownSince;
  }

  epoch(user: number, stream: number): number {
    return isInbox(this.world, stream) ? 0 : this.memberships.epoch(user, stream);
  }

  /** Of a group the message that went to this stream. */
  messageFor(first: number, stream: number): number | undefined {
    for (let message = first; message < first + this.messages.group(first); message++) {
      if (this.messages.stream(message) === stream) return message;
    }
    return undefined;
  }

  /** A message that its sender's own connections do not get. */
  isSilentFor(user: number, message: number): boolean {
    return this.messages.sender(message) === user && !this.messages.echo(message);
  }

  apply(event: TimedEvent): void {
    this.#eventCount += 1;
    if ('message' in event) this.#applyToMessage(event);
    else if ('connection' in event) this.#applyToConnection(event);
  }

  #applyToMessage(event: Extract<TimedEvent, { message: number }>): void {
    const { message } = event;
    if (event.kind === 'send') {
      const { user } = this.connection(event.connection);
      this.messages.sent(event, user, this.#eventCount, this.#acknowledgedSeq.get(this.#pair(user, event.stream)) ?? 0);
    } else if (event.kind === 'retry') {
      this.messages.attempted(message);
    } else if (event.kind === 'delivered') {
      this.#deliver(event);
    } else {
      this.messages.answered(message, event.kind);
      if (event.kind === 'ok') this.#acknowledge(event);
    }
  }

  #acknowledge({ message, seq, id }: Extract<TimedEvent, { kind: 'ok' }>): void {
    const stream = this.messages.stream(message);
    this.#store(stream, message, seq, id);
    const pair = this.#pair(this.messages.sender(message), stream);
    this.#acknowledgedSeq.set(pair, Math.max(seq, this.#acknowledgedSeq.get(pair) ?? 0));
  }

  #deliver({ connection, stream, message, seq, id }: Extract<TimedEvent, { kind: 'delivered' }>): void {
    this.#store(stream, message, seq, id);
    const { reader, user, positions } = this.connection(connection);
    const epoch = this.epoch(user, stream);
    for (const place of [positions, this.#readers[reader]?.positions, this.#users[user]]) {
      if (place !== undefined) advance(place, stream, seq, epoch);
    }
  }

  #store(stream: number, message: number, seq: number, id: number): void {
    this.stream(stream).take(seq, message, id);
    this.messages.stored(message, seq);
  }

  #applyToConnection(event: Exclude<Extract<TimedEvent, { connection: number }>, { message: number }>): void {
    if (event.kind === 'open') {
      const { reader, connection, node = 0, atMs } = event;
      const readerHad = new Map(this.#readers[reader]?.positions);
      const user = this.world.readers[reader]?.user ?? -1;
      this.#connections[connection] = {
        reader,
        user,
        node,
        openedAtMs: atMs,
        readerHad,
        positions: new Map(),
        registeredAtMs: undefined,
        state: 'open',
      };
      return;
    }
    const view = this.connection(event.connection);
    if (event.kind === 'registered') this.#register(view, event.atMs);
    else if (event.kind === 'unsure') view.state = 'unsure';
    else if (event.kind === 'closed') view.state = 'closed';
    else if (event.kind !== 'acknowledged') this.#changeMembership(view.user, event);
  }

  #register(view: ConnectionView, atMs: number): void {
    view.registeredAtMs = atMs;
    const reader = this.#readers[view.reader];
    if (reader !== undefined) reader.knownSince ??= this.#eventCount;
  }

  #changeMembership(user: number, event: Extract<TimedEvent, { kind: 'join' | 'joined' | 'leave' | 'left' }>): void {
    const { stream, kind, connection } = event;
    if (kind === 'join') this.memberships.joinSent(user, stream, this.stream(stream).head);
    else if (kind === 'joined') this.memberships.joined(user, stream, this.#eventCount);
    else if (kind === 'leave') this.memberships.leaveSent(user, stream, this.#eventCount);
    else this.memberships.left(user, stream, this.#eventCount, connection);
  }

  #pair(user: number, stream: number): number {
    return user * this.#streams.length + stream;
  }
}

/** Within an epoch the range only grows; a new epoch starts anew. */
function advance(positions: Positions, stream: number, seq: number, epoch: number): void {
  const before = positions.get(stream);
  if (before === undefined || before.epoch !== epoch) positions.set(stream, { start: seq, seq, epoch });
  else if (seq > before.seq) positions.set(stream, { ...before, seq });
  else if (seq < before.start) positions.set(stream, { ...before, start: seq });
}
