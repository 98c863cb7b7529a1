/**
 * Sends messages, a window of them at a time without waiting for replies, and repeats those with a `client_msg_id`
 * whose outcome is not known until it is.
 */
import type { Payload } from '../../support/client.ts';
import { inboxStream, isInbox } from '../history/world.ts';
import { contentOf, type Recorder, type Sending } from '../recorder.ts';
import type { Seeded } from '../seeded.ts';

export interface SenderPorts {
  readonly recorder: Recorder;
  readonly random: Seeded;
  /** Sends an event on the open connection. */
  readonly emit: (name: string, payload: object, onReply: (reply: Payload) => void) => void;
  /** Users who may be written to. */
  readonly recipients: readonly number[];
  /** Streams of rooms to write to. */
  readonly rooms: readonly number[];
  readonly window: number;
}

interface Attempt {
  readonly first: number;
  readonly sending: Sending;
}

const shares = { direct: 0.84, toSeveral: 0.02, named: 0.6, echo: 0.7, twice: 0.01 };
/** After a refusal for lack of room. */
const pauseMs = 100;

export class Sender {
  readonly #ports: SenderPorts;
  readonly #inFlight = new Set<Attempt>();
  readonly #repeats: Attempt[] = [];
  #connection: number | undefined;
  #isSending = false;
  #isPumping = false;
  #isPaused = false;

  constructor(ports: SenderPorts) {
    this.#ports = ports;
  }

  get isIdle(): boolean {
    return this.#inFlight.size === 0 && this.#repeats.length === 0;
  }

  /** Attempts that wait for their reply, to be reported if they wait too long. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  begin(): void {
    this.#isSending = true;
    this.#pumpSoon();
  }

  /** Sends nothing new; what has no outcome is still repeated. */
  finish(): void {
    this.#isSending = false;
  }

  connected(connection: number): void {
    this.#connection = connection;
    this.#pumpSoon();
  }

  disconnected(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    for (const attempt of this.#inFlight) {
      for (const message of messagesOf(attempt)) this.#ports.recorder.unknown(connection, message);
      if (attempt.sending.named) this.#repeats.push(attempt);
    }
    this.#inFlight.clear();
  }

  #pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#connection !== undefined && !this.#isPaused && this.#inFlight.size < this.#ports.window) {
      const repeated = this.#repeats.shift();
      if (repeated !== undefined) this.#repeat(repeated, this.#connection);
      else if (this.#isSending) this.#sendNew(this.#connection);
      else return;
    }
  }

  #sendNew(connection: number): void {
    const sending = this.#choose();
    const attempt = { first: this.#ports.recorder.send(connection, sending), sending };
    this.#emit(attempt, connection);
    if (sending.named && this.#ports.random.chance(shares.twice)) this.#repeat({ ...attempt }, connection);
  }

  #repeat(attempt: Attempt, connection: number): void {
    for (const message of messagesOf(attempt)) this.#ports.recorder.add({ kind: 'retry', connection, message });
    this.#emit(attempt, connection);
  }

  #choose(): Sending {
    const { random, recipients, rooms } = this.#ports;
    const named = random.chance(shares.named);
    const kind = random.fraction();
    if (kind < shares.toSeveral) {
      const several = new Set(Array.from({ length: random.between(2, 5) }, () => inboxStream(random.pick(recipients))));
      return { streams: [...several], echo: true, named };
    }
    if (kind < shares.toSeveral + shares.direct || rooms.length === 0) {
      return { streams: [inboxStream(random.pick(recipients))], echo: true, named };
    }
    return { streams: [random.pick(rooms)], echo: random.chance(shares.echo), named };
  }

  #emit(attempt: Attempt, connection: number): void {
    this.#inFlight.add(attempt);
    const { name, payload } = this.#event(attempt);
    this.#ports.emit(name, payload, (reply) => {
      if (!this.#inFlight.delete(attempt)) return;
      const results = Array.isArray(reply.results) ? reply.results : undefined;
      for (const [index, message] of messagesOf(attempt).entries()) this.#answer(connection, message, results?.[index] ?? reply);
      this.#pumpSoon();
    });
  }

  #answer(connection: number, message: number, reply: Payload): void {
    this.#ports.recorder.answer(connection, message, reply);
    if (reply.status === 'success' || this.#isPaused || reply.code === 'not_member') return;
    this.#isPaused = true;
    setTimeout(() => {
      this.#isPaused = false;
      this.#pumpSoon();
    }, pauseMs);
  }

  #event({ first, sending: { streams, echo, named } }: Attempt): { readonly name: string; readonly payload: object } {
    const { world } = this.#ports.recorder;
    const content = contentOf(first);
    const common = named ? { content, client_msg_id: `m${first}` } : { content };
    const [stream = -1] = streams;
    if (!isInbox(world, stream))
      return { name: 'room_message', payload: { room_id: world.rooms[stream - world.users.length], echo, ...common } };
    const users = streams.map((inbox) => world.users[inbox]);
    if (users.length === 1) return { name: 'message', payload: { recipient_id: users[0], ...common } };
    return { name: 'message', payload: { recipient_ids: users, ...common } };
  }
}

function messagesOf({ first, sending }: Attempt): number[] {
  return sending.streams.map((_, index) => first + index);
}
