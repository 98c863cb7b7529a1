/**
 * The connect stage in a simulation: one Socket.IO connection as the hub's core sees it, over a virtual link. It keeps the
 * promises of the `Connection` port in the way in which the real stage does.
 *
 *     opening ──accepted──► open ──close()──► closing: what is queued still leaves ──► closed
 *        └──refused or gone───┴──────────────────────────────────────────────────────────┘
 *
 * - What is sent in a turn leaves at its end in one write.
 * - While it is held, what comes waits unread, an end by the client too; pongs are reported.
 * - One ping is outstanding at most, for an acknowledgement or for the heartbeat; a pong that is late ends the connection.
 */
import type {
  Cancel,
  CloseReason,
  Connection,
  ConnectionHandlers,
  Handshake,
  OutgoingPacket,
  OutgoingPackets,
  Refusal,
} from '@parley/hub/testing';
import { decodeSocketPacket, encodeConnect, encodeConnectError, type SocketPacket } from '@parley/protocol';
import type { ProcessClock } from './sim-clock.ts';
import type { Downward, HubEnd, Link, Upward } from './sim-network.ts';

export interface ConnectionSettings {
  readonly lowWaterBytes: number;
  /** Bytes at which the connection is given up. */
  readonly bufferBytesMax: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly closeTimeoutMs: number;
}

export interface ConnectionPorts {
  readonly clock: ProcessClock;
  readonly settings: ConnectionSettings;
  readonly decode: (packet: OutgoingPacket) => SocketPacket;
  /** A packet was taken from the hub; `bytesBefore` is what waited before it. */
  readonly onSent: (connection: SimConnection, packet: SocketPacket, bytesBefore: number) => void;
  readonly onEnded: (connection: SimConnection, reason: CloseReason) => void;
}

/** What a frame has beside its text. */
const frameBytes = 4;
const pingItem: Downward = { kind: 'ping', bytes: frameBytes };
const endItem: Downward = { kind: 'end', bytes: frameBytes };

export class SimConnection implements Connection, HubEnd {
  readonly id: string;
  readonly handshake: Handshake;
  readonly transport = 'websocket';
  readonly openedMs: number;
  readonly #link: Link;
  readonly #ports: ConnectionPorts;
  readonly #timers = new Map<'ping' | 'pong' | 'closing', Cancel>();
  #queue: Downward[] = [];
  #queueBytes = 0;
  /** Held back until the connection is accepted. */
  #held: OutgoingPackets[] = [];
  /** What came while the connection was held. */
  #unread: Upward[] = [];
  #holds = 0;
  #lastHeardMs: number;
  #handlers: ConnectionHandlers | undefined;
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  #reason: CloseReason = 'transport close';
  #isMarked = false;
  #stalledSinceMs: number | undefined;
  #pingFor: 'acknowledgement' | 'heartbeat' | undefined;

  constructor(id: string, link: Link, auth: Handshake['auth'], ports: ConnectionPorts) {
    this.id = id;
    this.#link = link;
    this.#ports = ports;
    this.handshake = { address: '127.0.0.1', headers: {}, query: {}, auth, issuedAtMs: ports.clock.now() };
    this.openedMs = ports.clock.monotonic();
    this.#lastHeardMs = this.openedMs;
    link.hubEnd = this;
    this.#start('ping', ports.settings.pingIntervalMs, () => this.#ping('heartbeat'));
  }

  get bufferedBytes(): number {
    return this.#queueBytes + this.#link.down.waitingBytes + this.#held.reduce((sum, packet) => sum + bytesOf(packet), 0);
  }

  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  get stalledSinceMs(): number | undefined {
    return this.#stalledSinceMs;
  }

  get isGone(): boolean {
    return this.#state === 'closed';
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  open(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
    if (this.#state === 'closed') {
      handlers.onClose(this.#reason);
      return;
    }
    // Closed from inside the decision: the client sees its transport close, and `onClose` follows.
    if (this.#state === 'closing') return;
    this.#state = 'open';
    const held = this.#held;
    this.#held = [];
    this.#queuePacket(decoded(encodeConnect('/', { sid: this.id })), 60);
    for (const packet of held) this.send(packet);
  }

  refuse(refusal: Refusal): void {
    if (this.#state !== 'opening') return;
    this.#queuePacket(decoded(encodeConnectError('/', refusal)), 100);
    this.#state = 'open';
    this.close('forced close');
  }

  send(outgoing: OutgoingPackets): void {
    if (this.#state === 'opening') this.#held.push(outgoing);
    if (this.#state !== 'open') return;
    const bytesBefore = this.bufferedBytes;
    for (const packet of eachOf(outgoing)) {
      const socketPacket = this.#ports.decode(packet);
      this.#ports.onSent(this, socketPacket, bytesBefore);
      this.#queuePacket(socketPacket, packet.text.length);
    }
  }

  ping(): boolean {
    return this.#handlers !== undefined && this.#ping('acknowledgement');
  }

  hold(): void {
    this.#holds += 1;
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#ports.clock.endOfTurn(() => this.#readOn());
  }

  /** There is no limit of strangers in a simulation. */
  identified(): void {}

  close(reason: 'server namespace disconnect' | 'server shutting down' | 'forced close'): void {
    if (this.#state !== 'open' && this.#state !== 'opening') return;
    this.#state = 'closing';
    this.#held = [];
    this.#reason = reason;
    this.#stop('ping');
    this.#stop('pong');
    // The client's end, if it was among them, is found by the time-out.
    this.#unread = [];
    this.#start('closing', this.#ports.settings.closeTimeoutMs, () => this.#end(reason));
    this.#mark();
  }

  /** The process has died: nothing is called any more, and what it still held is lost. */
  die(isSeenByClient: boolean): void {
    this.#state = 'closed';
    this.#link.hubEnd = undefined;
    this.#link.down.dropWaiting();
    if (isSeenByClient) this.#link.down.push(endItem);
    else this.#link.cut({ hub: false, client: false });
  }

  onArrival(item: Upward): void {
    this.#lastHeardMs = this.#ports.clock.monotonic();
    if (item.kind === 'pong') {
      if (this.#state === 'opening' || this.#state === 'open') this.#onPong();
    } else if (this.#state === 'open' && (this.#holds > 0 || this.#unread.length > 0)) {
      this.#unread.push(item);
    } else {
      this.#read(item);
    }
  }

  onTaken(): void {
    if (this.#state === 'closed') return;
    if (this.#stalledSinceMs !== undefined) this.#stalledSinceMs = this.#ports.clock.monotonic();
    this.#count();
  }

  onReset(): void {
    this.#end('transport error');
  }

  #read(item: Upward): void {
    if (item.kind === 'end') this.#end('transport close');
    else if (this.#state === 'open' && item.kind === 'packet') this.#onPacket(decoded(item.text));
  }

  #readOn(): void {
    while (this.#holds === 0) {
      const item = this.#unread.shift();
      if (item === undefined) return;
      this.#read(item);
    }
  }

  #onPacket(packet: SocketPacket): void {
    if (packet.type === 'event') {
      const [name, ...args] = packet.args;
      this.#handlers?.onEvent({ name, args, text: packet.text, ackId: packet.ackId });
    } else if (packet.type === 'disconnect') {
      this.#end('client namespace disconnect');
    }
  }

  #queuePacket(packet: SocketPacket, bytes: number): void {
    this.#push({ kind: 'packet', packet, bytes: bytes + frameBytes });
  }

  #push(item: Downward): void {
    this.#queue.push(item);
    this.#queueBytes += item.bytes;
    this.#count();
    this.#mark();
  }

  #mark(): void {
    if (this.#isMarked) return;
    this.#isMarked = true;
    this.#ports.clock.endOfTurn(() => this.#flush());
  }

  #flush(): void {
    if (this.#state === 'closed') return;
    if (this.bufferedBytes > this.#ports.settings.bufferBytesMax) {
      this.#end('transport error');
      return;
    }
    const items = this.#queue;
    this.#queue = [];
    this.#queueBytes = 0;
    for (const item of items) this.#link.down.push(item);
    if (this.#state === 'closing') this.#link.down.push(endItem);
    this.#isMarked = false;
    this.#count();
  }

  /** Finds out when the outbox rises above low water, and when it has fallen to it again. */
  #count(): void {
    const isAbove = this.bufferedBytes > this.#ports.settings.lowWaterBytes;
    if (isAbove === (this.#stalledSinceMs !== undefined)) return;
    this.#stalledSinceMs = isAbove ? this.#ports.clock.monotonic() : undefined;
    if (!isAbove && this.#state === 'open') this.#handlers?.onDrain();
  }

  #ping(asker: 'acknowledgement' | 'heartbeat'): boolean {
    if (this.#state === 'closing' || this.#state === 'closed' || this.#pingFor !== undefined) return false;
    this.#pingFor = asker;
    this.#stop('ping');
    this.#start('pong', this.#ports.settings.pingTimeoutMs, () => this.#end('ping timeout'));
    this.#push(pingItem);
    return true;
  }

  #onPong(): void {
    const asker = this.#pingFor;
    if (asker === undefined) return;
    this.#pingFor = undefined;
    this.#stop('pong');
    this.#start('ping', this.#ports.settings.pingIntervalMs, () => this.#ping('heartbeat'));
    if (asker === 'acknowledgement') this.#handlers?.onPong();
  }

  #end(cause: CloseReason): void {
    if (this.#state === 'closed') return;
    if (this.#state !== 'closing') this.#reason = cause;
    this.#state = 'closed';
    for (const name of this.#timers.keys()) this.#stop(name);
    this.#link.hubEnd = undefined;
    this.#link.down.dropWaiting();
    this.#link.down.push(endItem);
    this.#ports.onEnded(this, this.#reason);
    this.#handlers?.onClose(this.#reason);
  }

  #start(name: 'ping' | 'pong' | 'closing', delayMs: number, onDue: () => void): void {
    this.#timers.set(name, this.#ports.clock.after(delayMs, onDue));
  }

  #stop(name: 'ping' | 'pong' | 'closing'): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }
}

const eachOf = (outgoing: OutgoingPackets): readonly OutgoingPacket[] => ('packets' in outgoing ? outgoing.packets : [outgoing]);

const bytesOf = (outgoing: OutgoingPackets): number => eachOf(outgoing).reduce((sum, { text }) => sum + text.length, 0);

/** Both sides speak through the real codec, so what does not decode is a fault of the sender. */
export function decoded(text: string): SocketPacket {
  const packet = decodeSocketPacket(text);
  if (packet === undefined) throw new Error(`not a Socket.IO packet: ${text.slice(0, 200)}`);
  return packet;
}
