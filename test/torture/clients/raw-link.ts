/** A Socket.IO client on raw connections, made to misbehave. It comes back by itself, like a stock client. */
import type { Payload } from '../../support/client.ts';
import type { Seeded } from '../seeded.ts';
import type { Addresses, Disturbance, Link, LinkHandlers } from './link.ts';
import { PollingWire } from './polling-wire.ts';
import { WebSocketWire } from './websocket-wire.ts';
import type { Wire, WireHandlers } from './wire.ts';

/** A connection on which nothing comes for so long is given up: the hub's pings are closer together. */
const silenceMaxMs = 9_000;

export type RawTransport = 'websocket' | 'polling';

export class RawLink implements Link {
  readonly #addresses: Addresses;
  readonly #transport: RawTransport;
  readonly #handlers: LinkHandlers;
  readonly #seeded: Seeded;
  readonly #replies = new Map<number, (reply: Payload) => void>();
  #wire: Wire | undefined;
  #node = 0;
  #isOpen = false;
  #isStopped = false;
  #nextAckId = 0;
  #timer: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;

  constructor(addresses: Addresses, transport: RawTransport, handlers: LinkHandlers, seeded: Seeded) {
    this.#addresses = addresses;
    this.#transport = transport;
    this.#handlers = handlers;
    this.#seeded = seeded;
  }

  start(): void {
    if (this.#isStopped || this.#wire !== undefined) return;
    const wireHandlers = this.#wireHandlers(() => wire);
    const { node, port } = this.#addresses.dial();
    this.#node = node;
    const wire: Wire =
      this.#transport === 'websocket'
        ? new WebSocketWire(port, '', wireHandlers)
        : new PollingWire(port, wireHandlers, this.#addresses.anyPort);
    this.#wire = wire;
    this.#listen();
  }

  emit(name: string, payload: object, onReply: (reply: Payload) => void): void {
    if (this.#wire === undefined || !this.#isOpen) return;
    const ackId = this.#nextAckId++;
    this.#replies.set(ackId, onReply);
    this.#wire.send(`42${ackId}${JSON.stringify([name, payload])}`);
  }

  disturb(disturbance: Disturbance): void {
    const wire = this.#wire;
    if (wire === undefined || this.#isStopped) return;
    if (disturbance.kind === 'goodbye') {
      this.#sayGoodbye(wire);
      this.#startIn(disturbance.awayMs);
    } else if (disturbance.kind === 'drop') {
      this.#over(wire.reset());
      this.#startIn(this.#seeded.between(0, 100));
    } else if (disturbance.kind === 'hang') {
      wire.hang();
      this.#over(true);
      this.start();
    } else if (disturbance.kind === 'pause') {
      this.#pause(wire, disturbance.forMs);
    } else if (wire instanceof PollingWire && this.#isOpen) {
      this.#upgrade(wire, disturbance);
    }
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    if (this.#wire !== undefined) this.#sayGoodbye(this.#wire);
  }

  /** Its requests go to all nodes. */
  get #isSpread(): boolean {
    return this.#transport === 'polling' && this.#addresses.anyPort !== undefined;
  }

  #pause(wire: Wire, forMs: number): void {
    wire.pause();
    if (this.#isOpen) this.#handlers.onUnsure();
    setTimeout(() => {
      if (this.#wire !== wire) return;
      this.#listen();
      wire.resume();
    }, forMs).unref();
  }

  #upgrade(wire: PollingWire, { until }: Extract<Disturbance, { kind: 'upgrade' }>): void {
    let changed: Wire | undefined;
    wire.upgrade(
      until,
      this.#wireHandlers(() => changed),
      (webSocket) => {
        if (this.#wire !== wire) {
          webSocket?.reset();
          return;
        }
        changed = webSocket;
        this.#wire = webSocket;
        if (webSocket !== undefined) return;
        this.#over(false);
        this.#startIn(20);
      },
    );
  }

  /** Handlers that are only heard while theirs is the wire in use. */
  #wireHandlers(own: () => Wire | undefined): WireHandlers {
    return {
      onPacket: (text) => {
        if (this.#wire !== undefined && this.#wire === own()) this.#onPacket(this.#wire, text);
      },
      onEnd: () => {
        if (this.#wire === undefined || this.#wire !== own()) return;
        // The node that a request went to may not be the session's.
        this.#over(this.#isSpread);
        this.#startIn(this.#seeded.between(30, 200));
      },
    };
  }

  #onPacket(wire: Wire, text: string): void {
    this.#listen();
    if (text.startsWith('42')) this.#onEvent(JSON.parse(text.slice(2)));
    else if (text.startsWith('43')) this.#onReply(text);
    else if (text === '2') this.#onPing(wire);
    else if (text.startsWith('40')) this.#onConnected();
    else if (text.startsWith('0')) wire.send('40');
    else if (text === '1' || text.startsWith('41') || text.startsWith('44')) {
      wire.reset();
      this.#over(false);
      this.#startIn(this.#seeded.between(30, 200));
    }
  }

  #onPing(wire: Wire): void {
    wire.send('3');
    if (this.#isOpen) this.#handlers.onPing();
  }

  #onConnected(): void {
    this.#isOpen = true;
    this.#handlers.onOpen(this.#node);
    // Any node may take a request of it with it when it is stopped, and then the session's own node hears nothing.
    if (this.#isSpread) this.#handlers.onUnsure();
  }

  #onEvent([name, payload]: readonly [string, Payload]): void {
    this.#handlers.onEvent(name, payload);
  }

  #onReply(text: string): void {
    const bracket = text.indexOf('[');
    const ackId = Number(text.slice(2, bracket));
    const onReply = this.#replies.get(ackId);
    this.#replies.delete(ackId);
    const [reply]: readonly Payload[] = JSON.parse(text.slice(bracket));
    if (reply !== undefined) onReply?.(reply);
  }

  #sayGoodbye(wire: Wire): void {
    wire.send('41');
    wire.send('1');
    this.#over(false);
    // Time for the goodbye to leave.
    setTimeout(() => wire.reset(), 200).unref();
  }

  /** The wire is not ours any more. */
  #over(silent: boolean): void {
    this.#wire = undefined;
    this.#replies.clear();
    clearTimeout(this.#silence);
    this.#silence = undefined;
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#handlers.onClose(silent);
  }

  #startIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.start(), delayMs);
  }

  #listen(): void {
    if (this.#silence === undefined) this.#silence = setTimeout(() => this.disturb({ kind: 'drop' }), silenceMaxMs).unref();
    else this.#silence.refresh();
  }
}
