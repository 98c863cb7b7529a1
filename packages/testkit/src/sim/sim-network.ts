/**
 * The network between one client and the hub: two pipes, each in order and without loss, as TCP is, until the link is cut.
 *
 *     sender's own memory ─(the operating system takes what fits its window)─► on the way ─► receiver
 *
 * What has been taken is not yet received, and it still arrives after the sending process has died. A link can
 * stall (nothing moves, nobody is told), one end can stop reading, and it can be cut so that both ends, one of them or
 * none hears of it; whoever does not hear finds out by its heartbeat.
 */
import type { Cancel } from '@parley/hub/testing';
import type { SocketPacket } from '@parley/protocol';
import type { SimClock } from './sim-clock.ts';
import type { SimRandom } from './sim-random.ts';

export interface PipeSettings {
  readonly latencyMs: number;
  /** At most this is added to the latency of a single item. */
  readonly jitterMs: number;
  readonly bytesPerMs: number;
  /** What the operating systems hold between sender and receiver. */
  readonly windowBytes: number;
}

export interface Item {
  readonly bytes: number;
}

interface Flight<T> {
  readonly item: T;
  readonly dueMs: number;
}

export interface PipePorts<T> {
  readonly clock: SimClock;
  readonly random: SimRandom;
  readonly settings: PipeSettings;
  readonly onArrival: (item: T) => void;
  readonly onTaken: () => void;
}

export class Pipe<T extends Item> {
  readonly #ports: PipePorts<T>;
  #waiting: T[] = [];
  #waitingBytes = 0;
  readonly #flights: Flight<T>[] = [];
  #flightBytes = 0;
  #freeAtMs = 0;
  #lastDueMs = 0;
  /** How many reasons there are for nothing to arrive. */
  #pauses = 0;
  #cancelArrival: Cancel | undefined;

  constructor(ports: PipePorts<T>) {
    this.#ports = ports;
  }

  /** Bytes that the operating system has not taken. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  push(item: T): void {
    this.#waiting.push(item);
    this.#waitingBytes += item.bytes;
    this.#take();
  }

  pause(): void {
    this.#pauses += 1;
    this.#cancelArrival?.();
    this.#cancelArrival = undefined;
  }

  resume(): void {
    this.#pauses -= 1;
    this.#schedule();
  }

  /** The sending process has died: what the operating system has taken still arrives. */
  dropWaiting(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #take(): boolean {
    const { clock, random, settings } = this.#ports;
    let hasTaken = false;
    for (let item = this.#waiting[0]; item !== undefined && this.#fits(item); item = this.#waiting[0]) {
      this.#waiting.shift();
      this.#waitingBytes -= item.bytes;
      this.#flightBytes += item.bytes;
      this.#freeAtMs = Math.max(this.#freeAtMs, clock.monotonic()) + item.bytes / settings.bytesPerMs;
      const arrivalMs = this.#freeAtMs + settings.latencyMs + random.integer(0, settings.jitterMs);
      this.#lastDueMs = Math.max(this.#lastDueMs, Math.ceil(arrivalMs));
      this.#flights.push({ item, dueMs: this.#lastDueMs });
      hasTaken = true;
    }
    this.#schedule();
    return hasTaken;
  }

  #fits(item: T): boolean {
    return this.#flightBytes === 0 || this.#flightBytes + item.bytes <= this.#ports.settings.windowBytes;
  }

  #schedule(): void {
    const [next] = this.#flights;
    if (next === undefined || this.#pauses > 0 || this.#cancelArrival !== undefined) return;
    this.#cancelArrival = this.#ports.clock.after(next.dueMs - this.#ports.clock.monotonic(), () => this.#arrive());
  }

  #arrive(): void {
    this.#cancelArrival = undefined;
    const nowMs = this.#ports.clock.monotonic();
    for (let next = this.#flights[0]; next !== undefined && next.dueMs <= nowMs && this.#pauses === 0; next = this.#flights[0]) {
      this.#flights.shift();
      this.#flightBytes -= next.item.bytes;
      this.#ports.onArrival(next.item);
    }
    if (this.#take()) this.#ports.onTaken();
  }
}

interface UpwardPacket extends Item {
  readonly kind: 'packet';
  readonly text: string;
}

interface Mark<Kind extends string> extends Item {
  readonly kind: Kind;
}

interface DownwardPacket extends Item {
  readonly kind: 'packet';
  /** Decoded from the real text. */
  readonly packet: SocketPacket;
}

/** What the hub sends. `end` is the orderly close of the transport. */
export type Downward = DownwardPacket | Mark<'ping'> | Mark<'end'>;
/** What a client sends. */
export type Upward = UpwardPacket | Mark<'pong'> | Mark<'end'>;

export interface HubEnd {
  onArrival(item: Upward): void;
  onTaken(): void;
  /** The operating system reports that the connection is gone. */
  onReset(): void;
}

export interface ClientEnd {
  onArrival(item: Downward): void;
  onReset(): void;
}

/** Who hears at once that a link is cut. */
export interface Witnesses {
  readonly hub: boolean;
  readonly client: boolean;
}

export interface LinkSettings {
  readonly down: PipeSettings;
  readonly up: PipeSettings;
}

export class Link {
  readonly down: Pipe<Downward>;
  readonly up: Pipe<Upward>;
  readonly clientEnd: ClientEnd;
  hubEnd: HubEnd | undefined;
  #isCut = false;

  constructor(ports: { clock: SimClock; random: SimRandom; settings: LinkSettings }, clientEnd: ClientEnd) {
    const { clock, random, settings } = ports;
    this.clientEnd = clientEnd;
    this.down = new Pipe({
      clock,
      random,
      settings: settings.down,
      onArrival: (item) => clientEnd.onArrival(item),
      onTaken: () => this.hubEnd?.onTaken(),
    });
    this.up = new Pipe({
      clock,
      random,
      settings: settings.up,
      onArrival: (item) => this.hubEnd?.onArrival(item),
      onTaken: () => {},
    });
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Nothing moves in either direction from now on, for ever. */
  cut(witnesses: Witnesses): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.down.pause();
    this.up.pause();
    if (witnesses.hub) this.hubEnd?.onReset();
    if (witnesses.client) this.clientEnd.onReset();
  }

  /** Nothing moves until `resume`. */
  stall(): void {
    this.down.pause();
    this.up.pause();
  }

  resume(): void {
    this.down.resume();
    this.up.resume();
  }
}
