/**
 * One Socket.IO connection: a client in a namespace.
 *
 *     connecting ──accepted──► open ──► closed
 *         └──refused──► closed
 *
 * What is sent while connecting is held back, so that it follows the CONNECT reply, or is forgotten with a refusal.
 * `onClose` comes exactly once to whoever accepted, even if the client was gone before the decision.
 */
import { encodeConnect } from '@parley/protocol';
import { OutgoingPacket, type OutgoingPackets } from '../lib/outgoing-packet.ts';
import type { CloseReason, Connection, ConnectionHandlers, Handshake, InboundEvent } from '../ports/connection.ts';
import type { EngineSession } from './engine-session.ts';
import type { PongListener } from './heartbeat.ts';

export type ServerCloseReason = Parameters<Connection['close']>[0];

/** What a socket needs of the session that it shares with the client's other namespaces. */
export interface SocketParent {
  readonly engine: EngineSession;
  /** Closes all sockets of the session, and the session. */
  close(reason: ServerCloseReason): void;
}

export class Socket implements Connection, PongListener {
  readonly id: string;
  readonly namespace: string;
  readonly handshake: Handshake;
  readonly #parent: SocketParent;
  #handlers: ConnectionHandlers | undefined;
  /** Undefined once open. */
  #held: OutgoingPackets[] | undefined = [];
  #closed: CloseReason | undefined;
  /** Calls of `hold` that were not released yet; the session is shared, so they must not outlast this socket. */
  #holds = 0;
  #isIdentified = false;

  constructor(id: string, namespace: string, handshake: Handshake, parent: SocketParent) {
    this.id = id;
    this.namespace = namespace;
    this.handshake = handshake;
    this.#parent = parent;
  }

  get transport(): Connection['transport'] {
    return this.#parent.engine.transport;
  }

  get bufferedBytes(): number {
    const { bufferedBytes } = this.#parent.engine;
    return this.#held === undefined ? bufferedBytes : this.#held.reduce((sum, packet) => sum + packet.frames.length, bufferedBytes);
  }

  get openedMs(): number {
    return this.#parent.engine.openedMs;
  }

  get lastHeardMs(): number {
    return this.#parent.engine.lastHeardMs;
  }

  get stalledSinceMs(): number | undefined {
    return this.#parent.engine.stalledSinceMs;
  }

  get isGone(): boolean {
    return this.#closed !== undefined || this.#parent.engine.isEnded;
  }

  get isOpen(): boolean {
    return this.#handlers !== undefined && this.#closed === undefined;
  }

  send(outgoing: OutgoingPackets): void {
    if (this.#closed !== undefined) return;
    if (this.#held !== undefined) this.#held.push(outgoing);
    else this.#parent.engine.send(outgoing);
  }

  ping(): boolean {
    return this.isOpen && this.#parent.engine.ping(this);
  }

  hold(): void {
    if (this.#closed !== undefined) return;
    this.#holds += 1;
    this.#parent.engine.hold();
  }

  release(): void {
    if (this.#holds === 0) return;
    this.#holds -= 1;
    this.#parent.engine.release();
  }

  identified(): void {
    if (this.#closed !== undefined) return;
    this.#isIdentified = true;
    this.#parent.engine.identify(true);
  }

  close(reason: ServerCloseReason): void {
    if (this.#closed === undefined) this.#parent.close(reason);
  }

  /** The stage above has accepted. `handlers` must not throw, see `GuardedHandlers`. */
  open(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
    if (this.#closed !== undefined) {
      handlers.onClose(this.#closed);
      return;
    }
    const held = this.#held ?? [];
    this.#held = undefined;
    this.send(new OutgoingPacket(encodeConnect(this.namespace, { sid: this.id })));
    for (const packet of held) this.send(packet);
  }

  /** The end, from either side. A socket that is still connecting tells whoever accepts it later. */
  end(reason: CloseReason): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#held = undefined;
    while (this.#holds > 0) this.release();
    if (this.#isIdentified) this.#parent.engine.identify(false);
    this.#handlers?.onClose(reason);
  }

  onEvent(event: InboundEvent): void {
    if (this.isOpen) this.#handlers?.onEvent(event);
  }

  onPong(): void {
    if (this.isOpen) this.#handlers?.onPong();
  }

  onDrain(): void {
    if (this.isOpen) this.#handlers?.onDrain();
  }
}
