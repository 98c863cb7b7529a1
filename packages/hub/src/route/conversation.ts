/**
 * One connection's life in the hub, from its first event to its last.
 *
 *     anonymous ──register──► registering ──► registered ──► closed
 *
 * - Events are carried out side by side, in the order in which they came: each hands its work to the store before the next is
 *   looked at. A barrier (register, join, …) holds the later ones back until it is done, so a client may send
 *   `register`, `join_room` and `room_message` in one go.
 * - What was accepted before the connection closed is carried out all the same; nobody hears its replies.
 * - Each event gets exactly one answer: its acknowledgement if it asked for one, else the reply event or `error`.
 */
import { type CommandPayload, commandTable, encodeAckText, encodeEventText, HubError, toFailure, userIdFromWire } from '@parley/protocol';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Identity } from '../ports/authenticator.ts';
import type { CloseReason, Connection, ConnectionHandlers, InboundEvent } from '../ports/connection.ts';
import type { Caller, Reply } from './commands/command.ts';
import { nowOf } from './commands/command.ts';
import { register } from './commands/register.ts';
import { commandName, isBarrier, payloadOf, run } from './router.ts';
import type { Services } from './services.ts';
import type { UnderWay } from './under-way.ts';

/** What may wait behind a barrier; a client that sends more without waiting is told so. */
const heldEventsMax = 1000;
const heldCharactersMax = 4 * 1024 * 1024;

export interface ConversationPorts {
  readonly services: Services;
  /** Why no further command is taken, if so. */
  readonly refusal: () => HubError | undefined;
  readonly underWay: UnderWay;
  /** A failure that no error code foresees. */
  readonly onUnexpected: (error: unknown, event: string) => void;
  readonly onClosed: (connection: Connection, reason: CloseReason) => void;
}

export class Conversation implements ConnectionHandlers {
  readonly #connection: Connection;
  readonly #identity: Identity;
  readonly #ports: ConversationPorts;
  #caller: Caller | undefined;
  #isOpen = true;
  /** Present while a barrier is under way. */
  #held: { readonly events: InboundEvent[]; characters: number } | undefined;

  constructor(connection: Connection, identity: Identity, ports: ConversationPorts) {
    this.#connection = connection;
    this.#identity = identity;
    this.#ports = ports;
  }

  onEvent(event: InboundEvent): void {
    const refusal = this.#ports.refusal();
    if (refusal !== undefined) {
      this.#fail(event, refusal);
      return;
    }
    if (this.#held === undefined) {
      this.#begin(event);
      return;
    }
    const characters = this.#held.characters + (event.text?.length ?? heldCharactersMax);
    if (this.#held.events.length >= heldEventsMax || characters > heldCharactersMax) {
      this.#fail(event, new HubError('overloaded', { message: 'Too many events at once. Wait for the replies first.', retryAfterS: 1 }));
      return;
    }
    this.#held.events.push(event);
    this.#held.characters = characters;
  }

  onPong(): void {
    this.#caller?.session?.reader.onPong();
  }

  onDrain(): void {
    this.#caller?.session?.reader.onDrain();
  }

  onClose(reason: CloseReason): void {
    this.#isOpen = false;
    const session = this.#caller?.session;
    if (session !== undefined) {
      this.#caller = { userId: session.userId, session: undefined };
      this.#ports.services.sessions.close(session);
    }
    this.#ports.onClosed(this.#connection, reason);
  }

  #begin(event: InboundEvent): void {
    const { services, underWay } = this.#ports;
    underWay.begin();
    const done = this.#handle(event);
    if (this.#caller !== undefined && event.name !== 'ack') services.presence.active(this.#caller.userId, nowOf(services));
    if (this.#isBarrier(event)) {
      this.#held = { events: [], characters: 0 };
      void done.then(() => this.#release());
    }
  }

  /** Goes on with what a barrier held back, up to the next barrier. */
  #release(): void {
    const events = this.#held?.events ?? [];
    this.#held = undefined;
    for (const event of events) this.onEvent(event);
  }

  /** The first command of a user who is known from a token registers on the way, so it is a barrier too. */
  #isBarrier(event: InboundEvent): boolean {
    return isBarrier(event) || (this.#caller === undefined && this.#identity.userId !== undefined);
  }

  async #handle(event: InboundEvent): Promise<void> {
    try {
      const name = commandName(event);
      if (name === 'register') return await this.#register(event);
      const caller = this.#caller ?? (await this.#registerByToken());
      this.#answer(event, commandTable[name].reply, jsonOf(await run(this.#ports.services, name, caller, event)));
    } catch (error) {
      this.#fail(event, error);
    } finally {
      this.#ports.underWay.end();
    }
  }

  async #register(event: InboundEvent): Promise<void> {
    const payload = payloadOf('register', this.#withOwnId(event));
    const known = this.#identity.userId;
    if (known !== undefined && userIdFromWire(payload.user_id) !== known) throw new HubError('sender_mismatch');
    await this.#enter(payload, (reply) => this.#answer(event, 'registered', jsonOf(reply)));
  }

  async #registerByToken(): Promise<Caller> {
    if (this.#identity.userId === undefined) throw new HubError('not_registered');
    return this.#enter({ user_id: this.#identity.userId }, (reply) => this.#send('registered', jsonOf(reply)));
  }

  async #enter(payload: CommandPayload<'register'>, reply: (payload: object) => void): Promise<Caller> {
    const caller = await register(
      this.#ports.services,
      {
        connection: this.#connection,
        caller: this.#caller,
        isOpen: () => this.#isOpen,
        enter: (session) => {
          this.#caller = { userId: session.userId, session };
        },
        reply,
      },
      payload,
    );
    // A connection that closed meanwhile has no session, but what it sent after `register` is still its user's.
    this.#caller ??= caller;
    return caller;
  }

  /** A user known from a token may leave its id out. */
  #withOwnId(event: InboundEvent): InboundEvent {
    const [payload] = event.args;
    if (this.#identity.userId === undefined || typeof payload !== 'object' || payload === null) return event;
    return { ...event, args: [{ user_id: this.#identity.userId, ...payload }] };
  }

  #fail(event: InboundEvent, error: unknown): void {
    if (!(error instanceof HubError)) this.#ports.onUnexpected(error, event.name);
    const failure = toFailure(error instanceof HubError ? error : new HubError('internal_error'), event.name);
    this.#answer(event, 'error', JSON.stringify(failure));
  }

  #answer(event: InboundEvent, name: string, json: string): void {
    if (event.ackId === undefined) this.#send(name, json);
    else this.#connection.send(new OutgoingPacket(encodeAckText('/', event.ackId, `[${json}]`)));
  }

  #send(name: string, json: string): void {
    this.#connection.send(new OutgoingPacket(encodeEventText('/', `["${name}",${json}]`)));
  }
}

function jsonOf(reply: Reply): string {
  if (typeof reply === 'string') return reply;
  return JSON.stringify(typeof reply === 'function' ? reply() : reply);
}
