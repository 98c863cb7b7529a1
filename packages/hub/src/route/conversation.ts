/**
 * One connection's life in the hub, from its first event to its last.
 *
 *     anonymous ──(the handshake, or `register`)──► registering ──► registered ──► closed
 *
 * - Events are carried out side by side, in the order in which they came: each hands its work to the store before the next is
 *   looked at. During a barrier (register, join, …) nothing further is read, so a client may send
 *   `register`, `join_room` and `room_message` without waiting. Nor is it while too much is in flight, see `InFlight`.
 * - What was accepted before the connection closed is carried out all the same; its replies go nowhere.
 * - Each event gets exactly one answer: its acknowledgement if it asked for one, else the reply event or `error`.
 */
import {
  type CommandPayload,
  commandTable,
  encodeAckText,
  encodeEventText,
  HubError,
  type Replies,
  toFailure,
  userIdToWire,
} from '@parley/protocol';
import { nowOf } from '../lib/clock.ts';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { CloseReason, Connection, ConnectionHandlers, InboundEvent } from '../ports/connection.ts';
import type { Arrival } from '../ports/session.ts';
import { type Caller, replyText } from './commands/command.ts';
import { registerAgain, registeredReply, registrationOf } from './commands/register.ts';
import { type Cost, charactersMax, InFlight } from './in-flight.ts';
import type { PendingCommands } from './pending-commands.ts';
import type { ReadGate } from './read-gate.ts';
import { commandName, execute, isBarrier, isRead, payloadOf } from './router.ts';
import type { Services } from './services.ts';

export interface ConversationPorts {
  readonly services: Services;
  /** Why no further command is taken, if so. */
  readonly refusal: () => HubError | undefined;
  readonly pending: PendingCommands;
  readonly readGate: ReadGate;
  /** The error that is sent to the client for a failure; one that no error code foresees is logged. */
  readonly told: (error: unknown, event: string) => HubError;
  readonly onClosed: (connection: Connection, reason: CloseReason) => void;
}

export class Conversation implements ConnectionHandlers {
  readonly #connection: Connection;
  readonly #ports: ConversationPorts;
  readonly #inFlight: InFlight;
  #caller: Caller | undefined;

  constructor(connection: Connection, ports: ConversationPorts) {
    this.#connection = connection;
    this.#ports = ports;
    this.#inFlight = new InFlight(connection);
  }

  /** Registers the connection before its first event. Rejects with what `register` would be refused with. */
  async register(payload: CommandPayload<'register'>): Promise<void> {
    const { pending } = this.#ports;
    pending.begin();
    try {
      await this.#register(payload, (reply) => this.#send('registered', JSON.stringify(reply)));
    } finally {
      pending.end();
    }
  }

  onEvent(event: InboundEvent): void {
    const refusal = this.#ports.refusal();
    if (refusal === undefined) void this.#handle(event);
    else this.#fail(event, refusal);
  }

  onPong(): void {
    this.#caller?.session?.reader.onPong();
  }

  onDrain(): void {
    this.#caller?.session?.reader.onDrain();
  }

  onClose(reason: CloseReason): void {
    const session = this.#caller?.session;
    if (session !== undefined) {
      this.#caller = { userId: session.userId, session: undefined };
      this.#ports.services.sessions.close(session);
    }
    this.#ports.onClosed(this.#connection, reason);
  }

  async #handle(event: InboundEvent): Promise<void> {
    const { services, pending } = this.#ports;
    const cost = costOf(event);
    pending.begin();
    this.#inFlight.begin(cost);
    try {
      const name = commandName(event);
      const caller = this.#caller;
      if (caller !== undefined && name !== 'ack') services.presence.active(caller.userId, nowOf(services.clock));
      if (name === 'register') {
        await this.#register(payloadOf('register', this.#withOwnId(event)), (reply) =>
          this.#answer(event, 'registered', JSON.stringify(reply)),
        );
      } else if (caller === undefined) {
        throw new HubError('not_registered');
      } else {
        const reply = cost.isRead
          ? await this.#ports.readGate.pass(this.#connection, () => execute(services, name, caller, event))
          : await execute(services, name, caller, event);
        this.#answer(event, commandTable[name].reply, replyText(reply));
      }
    } catch (error) {
      this.#fail(event, error);
    } finally {
      this.#inFlight.end(cost);
      pending.end();
    }
  }

  /** Replies by itself, since the reply comes before what is delivered. */
  async #register(payload: CommandPayload<'register'>, reply: (registered: Replies['registered']) => void): Promise<void> {
    const { services } = this.#ports;
    const registration = registrationOf(payload);
    const { userId } = registration;
    const answer = (arrival: Arrival): void => reply(registeredReply(this.#connection.id, userId, arrival));
    if (this.#caller !== undefined) return registerAgain(services, this.#caller, registration, answer);
    await services.sessions.register(this.#connection, registration, (session, arrival) => {
      this.#caller = { userId, session };
      answer(arrival);
    });
    // A connection that closed in the meantime has no session, but what it sent after `register` is still its user's.
    this.#caller ??= { userId, session: undefined };
  }

  /** A client that has registered may leave its id out. */
  #withOwnId(event: InboundEvent): InboundEvent {
    const [payload] = event.args;
    if (this.#caller === undefined || typeof payload !== 'object' || payload === null) return event;
    return { ...event, args: [{ user_id: userIdToWire(this.#caller.userId), ...payload }] };
  }

  #fail(event: InboundEvent, error: unknown): void {
    const failure = toFailure(this.#ports.told(error, event.name), event.name);
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

function costOf(event: InboundEvent): Cost {
  // An event with attachments has no text. It comes from one packet, which is bounded.
  return { characters: event.text?.length ?? charactersMax, isRead: isRead(event), isBarrier: isBarrier(event) };
}
