/**
 * One Engine.IO session: what is queued for the client, on which transport it leaves, and whether the client is alive.
 *
 *     open ──close()──► closing: what is queued still leaves ──────────────────────────► closed
 *       ├──── the peer goes, or breaks the protocol ──► ended: what it sent before is handled ──► closed
 *       └──── misses a ping, or can't be written to ──► closed
 *
 * - Packets leave in the order of `send`, over an upgrade too: a transport takes from the front of the one
 *   queue, and a new transport takes over only when the client has said that the old one is empty.
 * - At most one ping is outstanding, whoever asked for it, and it counts as the heartbeat.
 * - The listener hears nothing after `onClose`, and nothing but `onClose` after `close()`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EnginePacket } from '@parley/protocol';
import { openPacket } from '@parley/protocol';
import type { CloseReason } from '../ports/connection.ts';
import { subscriberOf } from './client-address.ts';
import type { Flushable } from './flusher.ts';
import type { SessionOrigin } from './handshake.ts';
import { Heartbeat, type PongListener } from './heartbeat.ts';
import { type InputOwner, Intake } from './intake.ts';
import { Outbox } from './outbox.ts';
import type { Outgoing } from './outgoing.ts';
import { noopPacket, OutgoingEnginePacket, pingPacket } from './outgoing.ts';
import { answerError } from './respond.ts';
import type { SessionContext, TimedSession } from './session-context.ts';
import type { Transport, TransportListener } from './transport.ts';
import { noListener } from './transport.ts';

/** The layer above: Socket.IO, or an echo in the conformance server. None of these may throw. */
export interface SessionListener {
  onMessage(data: string | Uint8Array): void;
  /** `bufferedBytes` has fallen to the low-water mark after it was above it. */
  onDrain(): void;
  onClose(reason: CloseReason): void;
}

/** A WebSocket that may take over. */
export interface UpgradeInProgress {
  readonly isProbed: boolean;
  readonly incompleteBytes: number;
  abort(): void;
}

/** Makes the layer above for a session that has just opened. */
export type OpenSession = (session: EngineSession) => SessionListener;

export interface SessionOpening {
  readonly sid: string;
  readonly origin: SessionOrigin;
  readonly transport: Transport;
}

const nobody: PongListener = { onPong() {} };

/** Stands in an intake behind the last packet of a peer that is gone. */
const endOfInput: EnginePacket = { type: 'close', data: '' };

export class EngineSession implements TransportListener, Flushable, InputOwner, TimedSession {
  /** Secret: who knows it can speak for the client. */
  readonly sid: string;
  readonly origin: SessionOrigin;
  /** Monotonic. */
  readonly openedMs: number;
  /** Whose it is among the strangers. */
  readonly subscriber: string;
  readonly #context: SessionContext<EngineSession>;
  readonly #listener: SessionListener;
  readonly #outbox: Outbox;
  readonly #heartbeat: Heartbeat<EngineSession>;
  #transport: Transport;
  #upgrade: UpgradeInProgress | undefined;
  #state: 'open' | 'closing' | 'ended' | 'closed' = 'open';
  /** The reason given to `close()`, or why the peer's end came. */
  #reason: CloseReason = 'transport close';
  #isMarked = false;
  readonly #intake: Intake;
  #isIdentified = false;
  #lastHeardMs: number;

  /** Greets the client over `transport`, and tells `open` of itself. */
  constructor(context: SessionContext<EngineSession>, opening: SessionOpening, open: OpenSession) {
    this.sid = opening.sid;
    this.origin = opening.origin;
    this.#context = context;
    this.#outbox = new Outbox(context);
    this.#intake = new Intake(this, context.turns);
    this.subscriber = subscriberOf(opening.origin.address);
    this.openedMs = context.clock.monotonic();
    this.#lastHeardMs = this.openedMs;
    this.#transport = opening.transport;
    this.#transport.listener = this;
    context.strangers.add(this);
    this.#heartbeat = new Heartbeat(context, this);
    this.send(this.#greeting());
    this.#listener = open(this);
  }

  get transport(): Transport['name'] {
    return this.#transport.name;
  }

  /** What is queued, and what the transport was given and the operating system has not taken. */
  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes;
  }

  /** Since when (monotonic) more than the low-water mark has waited while nothing was taken. */
  get stalledSinceMs(): number | undefined {
    return this.#outbox.stalledSinceMs;
  }

  /** When anything was last received (monotonic, as of the beginning of a turn). */
  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  get isIdentified(): boolean {
    return this.#isIdentified;
  }

  /** The peer is gone, even if what it sent is still being handled. */
  get isEnded(): boolean {
    return this.#state === 'ended' || this.#state === 'closed';
  }

  get hasRoom(): boolean {
    return this.#context.hasRoom(this.bufferedBytes, this.#isIdentified);
  }

  /** Whether a WebSocket may try to take over. */
  get canUpgrade(): boolean {
    return this.#state === 'open' && this.#transport.name === 'polling' && this.#upgrade === undefined;
  }

  /** Queues a packet; it leaves at the end of this turn, or with the next poll. Does nothing once the session is closing. */
  send(packet: Outgoing): void {
    if (this.#state !== 'open') return;
    this.#outbox.push(packet);
    this.onHeld();
    this.#mark();
  }

  /** Queues a ping behind everything sent so far. False: one is outstanding, or the session is closing. */
  ping(pongListener: PongListener): boolean {
    if (this.#state !== 'open' || !this.#heartbeat.begin(pongListener)) return false;
    this.send(pingPacket);
    return true;
  }

  /** Nothing that the peer sends is handled until `release` was called as often. Pongs are. */
  hold(): void {
    this.#intake.hold();
  }

  release(): void {
    this.#intake.release();
  }

  /** The client has registered, or has left. */
  identify(isIdentified: boolean): void {
    if (this.isEnded || isIdentified === this.#isIdentified) return;
    this.#isIdentified = isIdentified;
    this.#transport.trust(isIdentified);
    if (isIdentified) this.#context.strangers.remove(this);
    else this.#context.strangers.add(this);
  }

  /** For the strangers: outbox, input that waits, and packets that have not come in whole. */
  get heldBytes(): number {
    return this.bufferedBytes + this.#intake.waitingBytes + this.#transport.incompleteBytes + (this.#upgrade?.incompleteBytes ?? 0);
  }

  get isPresent(): boolean {
    return this.#transport.name === 'websocket' || this.#transport.writable;
  }

  /** Another session gets its place. */
  displace(): void {
    this.#end('transport error', false);
  }

  onHeld(): void {
    if (!this.#isIdentified) this.#context.strangers.update(this);
  }

  /** Lets what is queued leave, then ends the session; at the latest after `closeTimeoutMs`. What waits from the peer is dropped. */
  close(reason: CloseReason): void {
    if (this.#state === 'ended') this.#end(reason, true);
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#intake.drop();
    this.#reason = reason;
    this.#heartbeat.stop();
    this.#context.closing.start(this);
    // An upgrade may still complete: a stock client that has left polling for it would not come back to read the rest.
    this.#mark();
  }

  /** Answers a request that names this session and is no upgrade. */
  handleRequest(req: IncomingMessage, res: ServerResponse): void {
    if (this.isEnded) answerError(res, 'sessionUnknown');
    else this.#transport.handleRequest(req, res);
  }

  /** Called at the end of a turn in which something was queued. */
  flush(): void {
    this.#isMarked = false;
    if (this.#state === 'closed' || this.#state === 'ended') return;
    if (this.bufferedBytes > this.#context.options.bufferBytesMax) this.#end('transport error', false);
    else if (this.#transport.writable) this.#write();
    else this.#watchClosing();
  }

  startUpgrade(upgrade: UpgradeInProgress): void {
    this.#upgrade = upgrade;
  }

  /** Ends the upgrade: with the transport that takes over now, or without one. */
  endUpgrade(transport: Transport | undefined): void {
    this.#upgrade = undefined;
    if (transport === undefined) return;
    this.#context.heldPolls.stop(this);
    // The client has said that it received everything from polling, so nothing that happens there matters any more.
    this.#transport.listener = noListener;
    this.#transport.close('transport close', true);
    this.#transport = transport;
    transport.listener = this;
    transport.trust(this.#isIdentified);
    if (this.#intake.isWaiting) transport.pause();
    this.onHeld();
    this.#mark();
  }

  beat(): void {
    this.ping(nobody);
  }

  onCloseOverdue(): void {
    this.#end('transport error', false);
  }

  /** Answers a pending poll during an upgrade, so that the client can leave polling. */
  releasePoll(): void {
    if (!this.#transport.writable) return;
    if (this.#outbox.isEmpty) this.#transport.write([noopPacket]);
    else this.#write();
  }

  onPacket(packet: EnginePacket): void {
    this.#lastHeardMs = this.#context.turns.nowMs;
    if (this.#state !== 'open') {
      if (packet.type === 'close') this.#end('transport close', true);
    } else if (packet.type === 'pong') {
      this.#heartbeat.onPong();
    } else if (packet.type !== 'noop') {
      this.#intake.push(packet);
    }
  }

  /** For the intake: it is the turn of this packet. */
  handle(packet: EnginePacket): void {
    if (this.#state === 'ended' && packet === endOfInput) this.#end(this.#reason, true);
    else if (packet.type === 'message') this.#listener.onMessage(packet.data);
    else if (packet.type === 'close') this.#end('transport close', true);
    else this.#end('parse error', false);
  }

  pauseInput(): void {
    this.#transport.pause();
  }

  resumeInput(): void {
    this.#transport.resume();
  }

  onWritable(): void {
    if (!this.#outbox.isEmpty || this.#state === 'closing') this.#write();
    else if (this.#upgrade?.isProbed) this.#context.heldPolls.start(this);
  }

  onTaken(): void {
    this.#heartbeat.onTaken();
    this.#outbox.onTaken();
    this.#recount();
  }

  onEnd(reason: CloseReason): void {
    const isByPeer = reason === 'transport close' || reason === 'parse error';
    if (this.#state === 'open' && isByPeer && this.#intake.isWaiting) this.#endInput(reason);
    else this.#end(reason, false);
  }

  /** The layer above can't make sense of what came. */
  fail(): void {
    this.#end('parse error', false);
  }

  /** No pong came in time. As long as it is us who do not read, and the peer takes what it is sent, that says nothing of the peer. */
  onPongOverdue(): void {
    if (!this.#intake.isWaiting || !(this.#intake.isHeld || this.#heartbeat.hasTaken)) {
      this.#end('ping timeout', false);
      return;
    }
    this.#heartbeat.extend();
  }

  /** The peer is gone, or broke the protocol; what it sent before is still to be handled. */
  #endInput(reason: CloseReason): void {
    this.#state = 'ended';
    this.#reason = reason;
    this.#cut(reason, false);
    this.#intake.push(endOfInput);
    this.#intake.wake();
  }

  #mark(): void {
    if (this.#isMarked) return;
    this.#isMarked = true;
    this.#context.flusher.mark(this);
  }

  #write(): void {
    this.#outbox.writeTo(this.#transport);
    this.#recount();
    // A poll that took the rest of the queue is answered already: the next one, or the client's own close, ends it.
    if (this.#state === 'closing' && this.#outbox.isEmpty && this.#transport.writable) this.#transport.close(this.#reason, false);
    this.#watchClosing();
  }

  /** While a session closes, the peer has a long time only for what it was given and has not taken yet. */
  #watchClosing(): void {
    if (this.#state !== 'closing') return;
    if (this.#transport.bufferedBytes > 0) this.#context.closeGrace.stop(this);
    else this.#context.closeGrace.start(this);
  }

  /** The transport has taken packets, or the operating system has taken what the transport was given. */
  #recount(): void {
    this.#outbox.recount(this.#transport);
    this.onHeld();
    if (this.#intake.isWaiting && this.#context.hasDrained(this.bufferedBytes, this.#isIdentified)) this.#intake.wake();
    this.#watchClosing();
    if (this.#outbox.hasDrained() && this.#state === 'open') this.#listener.onDrain();
  }

  #end(cause: CloseReason, byClient: boolean): void {
    if (this.#state === 'closed') return;
    const reason = this.#state === 'closing' ? this.#reason : cause;
    const isCut = this.#state === 'ended';
    this.#state = 'closed';
    if (!isCut) this.#cut(cause, byClient);
    this.#intake.drop();
    this.#context.strangers.remove(this);
    this.#context.watcher.onClosed(this, reason);
    this.#listener.onClose(reason);
  }

  /** Parts from the transport. Nothing leaves any more. */
  #cut(cause: CloseReason, byClient: boolean): void {
    this.#context.stopTimers(this);
    this.#upgrade?.abort();
    this.#transport.listener = noListener;
    this.#transport.close(cause, byClient);
    // For the peer's part of the closing.
    this.#transport.resume();
    this.#outbox.clear();
    this.onHeld();
  }

  #greeting(): Outgoing {
    const { pingIntervalMs, pingTimeoutMs, packetBytesMax } = this.#context.options;
    return new OutgoingEnginePacket(
      openPacket({
        sid: this.sid,
        upgrades: this.transport === 'polling' ? ['websocket'] : [],
        pingInterval: pingIntervalMs,
        pingTimeout: pingTimeoutMs,
        maxPayload: packetBytesMax,
      }),
    );
  }
}
