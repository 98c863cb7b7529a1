/**
 * The Socket.IO side of one Engine.IO session: puts packets together from text and attachments, and gives them to
 * the socket of their namespace. A packet that makes no sense where it comes ends the session with 'parse error':
 *
 * - anything but CONNECT for a namespace that is not joined, and CONNECT for one that is;
 * - text where a binary message was announced, a binary message where none was.
 */

import type { AckPacket, EventPacket, SocketPacket } from '@parley/protocol';
import { decodeSocketPacket, encodeConnectError, encodeDisconnect, placeAttachments } from '@parley/protocol';
import type { Clock } from '../lib/clock.ts';
import { Deadlines } from '../lib/deadlines.ts';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Random } from '../lib/random.ts';
import type { AcceptConnection, CloseReason, ConnectionHandlers, Handshake, Refusal } from '../ports/connection.ts';
import type { EngineSession, OpenSession, SessionListener } from './engine-session.ts';
import { GuardedHandlers } from './guarded-handlers.ts';
import { isMessagePack, messagePackRefusal } from './message-pack.ts';
import type { ConnectHooks, ConnectOptions } from './options.ts';
import { OutgoingEnginePacket } from './outgoing.ts';
import type { ServerCloseReason, SocketParent } from './socket.ts';
import { Socket } from './socket.ts';

/** Each is a connection with its own state above. */
const namespacesMax = 10;

/** A refused client may try again, say with another token, but it may not try tokens for ever. */
const connectsMax = 100;

const internalError: Refusal = { message: 'The hub failed to decide about this connection. Try again later.' };

type Decision = ConnectionHandlers | { readonly refuse: Refusal };

export interface NamespacesDeps {
  readonly options: ConnectOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly hooks: ConnectHooks;
  readonly accept: AcceptConnection;
}

/** What the Socket.IO sides of one server's sessions share. */
interface Context {
  readonly deps: NamespacesDeps;
  /** Sessions that may not have joined a namespace yet. The time is absolute: joining and leaving does not extend it. */
  readonly joining: Deadlines<Namespaces>;
  /** Sessions that wait for attachments. */
  readonly incomplete: Deadlines<Namespaces>;
}

/** Speaks Socket.IO with the sessions of a server. */
export function socketIoSessions(deps: NamespacesDeps): OpenSession {
  const context: Context = {
    deps,
    joining: new Deadlines(deps.clock, deps.options.connectTimeoutMs, (namespaces) => namespaces.closeUnlessJoined()),
    incomplete: new Deadlines(deps.clock, deps.options.attachmentsTimeoutMs, (namespaces) => namespaces.fail()),
  };
  return (session) => new Namespaces(session, context);
}

/** A packet whose attachments have not all come. */
interface Incomplete {
  readonly packet: EventPacket | AckPacket;
  readonly attachments: Uint8Array[];
  /** Of the attachments that have come. */
  bytes: number;
}

class Namespaces implements SessionListener, SocketParent {
  readonly engine: EngineSession;
  readonly #context: Context;
  /** Almost always one, and never many: less memory than a map takes, for each connection. */
  readonly #sockets: Socket[] = [];
  #connects = 0;
  #incomplete: Incomplete | undefined;

  constructor(engine: EngineSession, context: Context) {
    this.engine = engine;
    this.#context = context;
    context.joining.start(this);
  }

  onMessage(data: string | Uint8Array): void {
    if (typeof data !== 'string') {
      if (this.#connects === 0 && isMessagePack(data)) this.#refuseMessagePack();
      else this.#onAttachment(data);
      return;
    }
    const packet = this.#incomplete === undefined ? decodeSocketPacket(data) : undefined;
    if (packet === undefined) this.fail();
    else if ('attachments' in packet && packet.attachments > 0) this.#await(packet);
    else this.#dispatch(packet);
  }

  onDrain(): void {
    for (const socket of this.#sockets) socket.onDrain();
  }

  onClose(reason: CloseReason): void {
    this.#context.joining.stop(this);
    this.#context.incomplete.stop(this);
    this.#incomplete = undefined;
    for (const socket of this.#sockets.splice(0)) socket.end(reason);
  }

  /**
   * Stock clients do not come back by themselves after DISCONNECT, so it is only sent when they are meant to
   * stay away; otherwise they just see the transport close.
   */
  close(reason: ServerCloseReason): void {
    if (reason === 'server namespace disconnect') {
      for (const socket of this.#sockets) {
        if (socket.isOpen) this.#send(encodeDisconnect(socket.namespace));
      }
    }
    this.engine.close(reason);
  }

  closeUnlessJoined(): void {
    if (!this.#sockets.some((socket) => socket.isOpen)) this.close('forced close');
  }

  fail(): void {
    this.engine.fail();
  }

  /** A handler of one of the sockets has failed. */
  onFault(error: unknown): void {
    this.#context.deps.hooks.onFault?.(error);
    this.close('forced close');
  }

  #refuseMessagePack(): void {
    const data = messagePackRefusal('This hub speaks the default parser of Socket.IO. Leave out the option "parser".');
    this.engine.send(new OutgoingEnginePacket({ type: 'message', data }));
    this.close('forced close');
  }

  #await(packet: EventPacket | AckPacket): void {
    // Checked now, so that a stranger can't make us wait for attachments.
    if (!this.#socketIn(packet.namespace)?.isOpen) {
      this.fail();
      return;
    }
    this.#incomplete = { packet, attachments: [], bytes: 0 };
    this.#context.incomplete.start(this);
  }

  #onAttachment(bytes: Uint8Array): void {
    const incomplete = this.#incomplete;
    if (incomplete !== undefined) incomplete.bytes += bytes.byteLength;
    if (incomplete === undefined || incomplete.bytes > this.#context.deps.options.packetBytesMax) {
      this.fail();
      return;
    }
    if (incomplete.attachments.push(bytes) < incomplete.packet.attachments) return;
    this.#incomplete = undefined;
    this.#context.incomplete.stop(this);
    const packet = placeAttachments(incomplete.packet, incomplete.attachments);
    if (packet === undefined) this.fail();
    else this.#dispatch(packet);
  }

  #dispatch(packet: SocketPacket): void {
    const socket = this.#socketIn(packet.namespace);
    if (packet.type === 'connect') {
      if (socket === undefined) this.#connect(packet.namespace, packet.data ?? {});
      else this.fail();
    } else if (packet.type === 'disconnect' && socket !== undefined) {
      this.#leave(socket, 'client namespace disconnect');
    } else if (packet.type === 'event' && socket?.isOpen) {
      const [name, ...args] = packet.args;
      socket.onEvent({ name, args, text: packet.text, ackId: packet.ackId });
    } else if (packet.type !== 'ack' || !socket?.isOpen) {
      // The hub asks for no acknowledgement of Socket.IO, so one that comes is ignored.
      this.fail();
    }
  }

  #connect(namespace: string, auth: Handshake['auth']): void {
    this.#connects++;
    if (this.#connects > connectsMax) {
      this.fail();
      return;
    }
    if (this.#sockets.length >= namespacesMax) {
      this.#refuse(namespace, { message: `At most ${namespacesMax} namespaces` });
      return;
    }
    const { random, accept } = this.#context.deps;
    const socket = new Socket(random.id(), namespace, Object.freeze({ ...this.engine.origin, auth }), this);
    this.#sockets.push(socket);
    try {
      const decision = accept(socket, namespace);
      if (decision instanceof Promise) void this.#settleLater(socket, decision);
      else this.#settle(socket, decision);
    } catch (error) {
      this.#failAccept(socket, error);
    }
  }

  async #settleLater(socket: Socket, decision: Promise<Decision>): Promise<void> {
    try {
      this.#settle(socket, await decision);
    } catch (error) {
      this.#failAccept(socket, error);
    }
  }

  #settle(socket: Socket, decision: Decision): void {
    if ('refuse' in decision) {
      this.#refuseSocket(socket, decision.refuse);
      return;
    }
    socket.open(new GuardedHandlers(decision, this));
  }

  #failAccept(socket: Socket, error: unknown): void {
    this.#context.deps.hooks.onFault?.(error);
    this.#refuseSocket(socket, internalError);
  }

  #refuseSocket(socket: Socket, refusal: Refusal): void {
    if (!this.#remove(socket)) return;
    socket.end('server namespace disconnect');
    this.#refuse(socket.namespace, refusal);
    this.#closeIfLate();
  }

  #refuse(namespace: string, { message, data }: Refusal): void {
    this.#send(encodeConnectError(namespace, data === undefined ? { message } : { message, data }));
  }

  #leave(socket: Socket, reason: CloseReason): void {
    this.#remove(socket);
    socket.end(reason);
    this.#closeIfLate();
  }

  /** Time to join a namespace is over: whoever is in none has to go. */
  #closeIfLate(): void {
    const { clock, options } = this.#context.deps;
    if (clock.monotonic() - this.engine.openedMs >= options.connectTimeoutMs) this.closeUnlessJoined();
  }

  #socketIn(namespace: string): Socket | undefined {
    return this.#sockets.find((socket) => socket.namespace === namespace);
  }

  #remove(socket: Socket): boolean {
    const index = this.#sockets.indexOf(socket);
    if (index !== -1) this.#sockets.splice(index, 1);
    return index !== -1;
  }

  #send(text: string): void {
    this.engine.send(new OutgoingPacket(text));
  }
}
