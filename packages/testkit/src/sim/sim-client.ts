/**
 * A client application on one device, over a stock Socket.IO client: it registers by its handshake, or when it is connected, and goes on
 * with what it has to say without waiting, comes back after every disconnect, repeats what was not answered if it can, and notes what it receives.
 */
import { inboxOf, type ReaderId, type StreamId, timelineOf } from '@parley/hub';
import { type ErrorCode, errorTable, userIdFromWire, userIdToWire } from '@parley/protocol';
import { ClientConnection, type ConnectionOwner, type Fields } from './client-connection.ts';
import type { Ledger, ReaderRecord, Send } from './ledger.ts';
import { fieldsOf } from './payload.ts';
import type { SimClock } from './sim-clock.ts';
import type { Link } from './sim-network.ts';
import type { SimRandom } from './sim-random.ts';
import type { Verdict } from './violation.ts';

export interface ClientPorts {
  readonly clock: SimClock;
  readonly random: SimRandom;
  readonly ledger: Ledger;
  readonly verdict: Verdict;
  readonly silenceMaxMs: number;
  readonly trace: (line: string) => void;
  /** Starts a connection to the hub. */
  readonly dial: (client: SimClient, connection: ClientConnection) => Link;
}

export interface ClientSettings extends ReaderId {
  readonly name: string;
  readonly ackMode: 'pong' | 'explicit';
  /** It says in the handshake who it is, instead of with `register`. */
  readonly hasIdentityInHandshake: boolean;
  /** The users whose presence it watches. */
  readonly watches: readonly string[];
}

/** After these nobody knows whether the message was stored. */
const unknownOutcome: ReadonlySet<unknown> = new Set<ErrorCode>(['storage_failed', 'internal_error']);

export class SimClient implements ConnectionOwner {
  readonly settings: ClientSettings;
  readonly #ports: ClientPorts;
  readonly #reader: ReaderRecord;
  #connection: ClientConnection | undefined;
  #connections = 0;
  #sends = 0;
  #wantsOnline = false;
  #isRegistered = false;
  #wasRefused = false;
  /** Sent with a `client_msg_id` and not answered: sent again on the next connection. */
  readonly #unanswered = new Set<Send>();
  /** What this connection has received: the highest `seq` of each stream. */
  #received = new Map<StreamId, number>();
  #acknowledged = new Map<StreamId, number>();
  #isAckDue = false;
  /** The last known state of each watched user. */
  readonly presence = new Map<string, string>();

  constructor(settings: ClientSettings, ports: ClientPorts) {
    this.settings = settings;
    this.#ports = ports;
    this.#reader = ports.ledger.reader(settings);
  }

  get name(): string {
    return this.settings.name;
  }

  /** `io(url, { auth })` */
  get auth(): Fields {
    return this.settings.hasIdentityInHandshake ? this.#identity : {};
  }

  get #identity(): Fields {
    const { userId, deviceId, ackMode } = this.settings;
    return { user_id: userIdToWire(userId), ack: ackMode, ...(deviceId === '' ? {} : { device_id: deviceId }) };
  }

  get connection(): ClientConnection | undefined {
    return this.#connection;
  }

  get isRegistered(): boolean {
    return this.#isRegistered;
  }

  /** Everything it wants the hub to do has been done and answered. */
  /** For people. */
  get state(): string {
    const link = this.#connection === undefined ? 'not connected' : this.#isRegistered ? 'registered' : 'not registered';
    return `${link}, ${this.#unanswered.size} to repeat, ${this.#connection?.unanswered ?? 0} unanswered`;
  }

  get isAtRest(): boolean {
    return this.#isRegistered && this.#unanswered.size === 0 && this.#connection?.unanswered === 0;
  }

  goOnline(): void {
    this.#wantsOnline = true;
    if (this.#connection === undefined) this.#connect();
  }

  goOffline(how: 'close' | 'vanish' | 'reset'): void {
    this.#wantsOnline = false;
    if (how === 'close') this.#connection?.close();
    else this.#connection?.vanish(how === 'reset');
  }

  /** Sends a message to a user or a room; again, if it was sent before. */
  send(send: Send, options: { readonly isAcknowledged: boolean }): void {
    const connection = this.#connection;
    if (connection === undefined || !connection.isConnected) return;
    send.attempts += 1;
    if (send.clientMsgId !== undefined) this.#unanswered.add(send);
    const isRoom = send.stream.startsWith('room:');
    const payload: Fields = {
      ...(isRoom
        ? { room_id: send.stream.slice(5), echo: send.echo }
        : { recipient_id: userIdToWire(send.stream.slice(5)), receipt: true }),
      ...(send.claimedSenderId === undefined ? {} : { sender_id: userIdToWire(send.claimedSenderId) }),
      ...(send.clientMsgId === undefined ? {} : { client_msg_id: send.clientMsgId }),
      content: JSON.parse(send.content),
    };
    this.#ports.trace(`${this.name}: sends ${send.token} to ${send.stream}`);
    const onAnswer = options.isAcknowledged || send.clientMsgId !== undefined ? (answer: Fields) => this.#onSent(send, answer) : undefined;
    connection.emit(isRoom ? 'room_message' : 'message', payload, onAnswer);
  }

  /** A new message of this client. */
  compose(
    stream: StreamId,
    text: string,
    options: { readonly isOnce?: boolean; readonly echo?: boolean; readonly claimedSenderId?: string } = {},
  ): Send {
    const token = `${this.name}.${this.#connections}.${++this.#sends}`;
    const send: Send = {
      token,
      senderId: this.settings.userId,
      stream,
      content: JSON.stringify({ t: token, text }),
      clientMsgId: options.isOnce === true ? token : undefined,
      echo: options.echo ?? true,
      claimedSenderId: options.claimedSenderId,
      origin: { connection: this.#connection?.name ?? '', index: this.#sends },
      attempts: 0,
      refused: 0,
      acknowledged: undefined,
    };
    this.#ports.ledger.sends.set(token, send);
    return send;
  }

  /** Acknowledges what it has not received. The hub has to refuse what it has not sent. */
  acknowledgeTooMuch(stream: StreamId): void {
    const seq = this.#ports.ledger.head(stream) + this.#ports.random.integer(0, 2);
    this.#reader.claim(stream, seq);
    this.#connection?.emit('ack', { ...roomOf(stream), seq }, ({ status }) => {
      // Meanwhile the messages may have come, and would be here before this answer.
      const fromSeq = Math.max(this.#received.get(stream) ?? 0, this.#reader.cursors.get(stream) ?? 0);
      const missing = [...this.#ports.ledger.owed(this.settings.userId, stream, fromSeq, seq)];
      this.#ports.verdict.require(
        status !== 'success' || missing.length === 0,
        'I4',
        () => `${this.name}: ack of ${stream} ${seq} was accepted, which it was not sent`,
      );
    });
  }

  onConnected(): void {
    if (this.settings.hasIdentityInHandshake) this.#connection?.expectRegistered();
    else this.#register();
    for (const send of this.#unanswered) this.send(send, { isAcknowledged: true });
    if (this.settings.watches.length > 0) this.#watch();
  }

  onEvent(name: string, fields: Fields): void {
    if (name === 'message' || name === 'room_message') this.#onMessage(fields);
    else if (name === 'presence') this.#onPresence(fields);
    else if (name === 'registered') this.#onRegistered(fields);
    else if (name === 'error') this.#onError(fields);
  }

  onClosed(): void {
    this.#ports.trace(`${this.name}: is disconnected`);
    this.#connection = undefined;
    this.#isRegistered = false;
    if (this.#wantsOnline) this.#reconnect();
  }

  #connect(): void {
    this.#connections += 1;
    this.#received = new Map();
    this.#acknowledged = new Map();
    this.#wasRefused = false;
    this.presence.clear();
    const { clock, verdict, silenceMaxMs } = this.#ports;
    const connection = new ClientConnection(this, { name: `${this.name}#${this.#connections}`, clock, verdict, silenceMaxMs });
    this.#connection = connection;
    connection.attach(this.#ports.dial(this, connection));
  }

  #reconnect(): void {
    this.#ports.clock.after(this.#ports.random.integer(20, 1500), () => {
      if (this.#wantsOnline && this.#connection === undefined) this.#connect();
    });
  }

  #register(): void {
    const onAnswer = (answer: Fields): void => (answer.status === 'success' ? this.#onRegistered(answer) : this.#onError(answer));
    this.#connection?.emit('register', this.#identity, this.#ports.random.chance(0.5) ? onAnswer : undefined);
  }

  #onRegistered(fields: Fields): void {
    this.#isRegistered = true;
    this.#ports.trace(`${this.name}: is registered as ${String(fields.connection_id)}, ${String(fields.queued)} queued`);
  }

  #onError(fields: Fields): void {
    const { code, event } = fields;
    this.#ports.trace(`${this.name}: ${String(event)} is refused: ${String(code)}`);
    this.#ports.verdict.require(typeof code === 'string' && code in errorTable, 'errors', () => `unknown code ${String(code)}`);
    if (event === 'register') this.#onRegisterRefused();
    if (code === 'presence_missed') this.#watch();
    const isBarrierBroken = code === 'not_registered' && !this.#wasRefused;
    this.#ports.verdict.require(!isBarrierBroken, 'barrier', () => `${this.name}: ${String(event)} overtook register`);
  }

  #onRegisterRefused(): void {
    this.#wasRefused = true;
    const connection = this.#connection;
    this.#ports.clock.after(this.#ports.random.integer(100, 1000), () => {
      if (connection !== undefined && connection === this.#connection) this.#register();
    });
  }

  #onSent(send: Send, answer: Fields): void {
    if (answer.status === 'success') {
      this.#ports.verdict.require(send.claimedSenderId === undefined, 'I10', () => `${send.token} was accepted under another name`);
      const result = { id: String(answer.message_id), seq: Number(answer.seq) };
      const earlier = send.acknowledged ?? result;
      const isSame = earlier.id === result.id && earlier.seq === result.seq;
      const isForgotten = this.#ports.ledger.byId.get(earlier.id)?.isGone;
      this.#ports.verdict.require(
        isSame || isForgotten === true,
        'I5',
        () => `${send.token} is ${earlier.seq}, and when repeated ${result.seq}`,
      );
      send.acknowledged = result;
      this.#unanswered.delete(send);
      return;
    }
    this.#onError(answer);
    if (!unknownOutcome.has(answer.code)) send.refused += 1;
    const isWorthARepetition = send.clientMsgId !== undefined && send.attempts < 20 && isRetried(answer.code);
    if (isWorthARepetition) this.#ports.clock.after(this.#ports.random.integer(100, 1000), () => this.#repeat(send));
    else this.#unanswered.delete(send);
  }

  #repeat(send: Send): void {
    if (this.#isRegistered && this.#unanswered.has(send)) this.send(send, { isAcknowledged: true });
  }

  #onMessage(fields: Fields): void {
    const { room_id: roomId, seq } = fields;
    const stream = typeof roomId === 'string' ? timelineOf(roomId) : inboxOf(this.settings.userId);
    this.#ports.trace(`${this.name}: receives ${stream} ${Number(seq)}${fields.redelivered === true ? ' again' : ''}`);
    this.#ports.verdict.require(
      this.#isRegistered,
      'I3',
      () => `${this.name}: ${stream} ${Number(seq)} came before the answer to register`,
    );
    this.#reader.receive(stream, Number(seq));
    this.#received.set(stream, Number(seq));
    if (this.settings.ackMode === 'explicit') this.#acknowledgeLater();
  }

  #acknowledgeLater(): void {
    if (this.#isAckDue) return;
    this.#isAckDue = true;
    this.#ports.clock.after(this.#ports.random.integer(20, 500), () => {
      this.#isAckDue = false;
      for (const [stream, seq] of this.#received) if ((this.#acknowledged.get(stream) ?? 0) < seq) this.#acknowledge(stream, seq);
    });
  }

  #acknowledge(stream: StreamId, seq: number): void {
    this.#acknowledged.set(stream, seq);
    this.#connection?.emit('ack', { ...roomOf(stream), seq }, ({ code }) => {
      this.#ports.verdict.require(
        code !== 'ack_out_of_range',
        'I4',
        () => `${this.name}: ack of ${stream} ${seq} was refused, which it has`,
      );
    });
  }

  #watch(): void {
    this.#connection?.emit('presence', { user_ids: this.settings.watches.map(userIdToWire), watch: true }, (answer) => {
      const users: unknown = answer.users;
      if (Array.isArray(users)) for (const user of users) this.#onPresence(fieldsOf(user));
      else this.#ports.clock.after(500, () => this.#isRegistered && this.#watch());
    });
  }

  #onPresence({ user_id: userId, state }: Fields): void {
    if (typeof userId !== 'string' && typeof userId !== 'number') return;
    this.#ports.trace(`${this.name}: hears that ${userId} is ${String(state)}`);
    this.presence.set(userIdFromWire(userId), String(state));
  }
}

const isRetried = (code: unknown): boolean => Object.entries(errorTable).some(([known, { retry }]) => known === code && retry === 'later');

const roomOf = (stream: StreamId): { room_id?: string } => (stream.startsWith('room:') ? { room_id: stream.slice(5) } : {});
