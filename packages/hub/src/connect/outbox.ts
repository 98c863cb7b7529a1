import type { Clock } from '../lib/clock.ts';
import type { ConnectOptions } from './options.ts';
import type { Outgoing } from './outgoing.ts';
import { PacketQueue } from './outgoing.ts';
import type { Transport } from './transport.ts';

/** What the outboxes of one server share. */
export interface OutboxContext {
  readonly options: Pick<ConnectOptions, 'bufferLowWaterBytes'>;
  readonly clock: Clock;
  /** What waits in all of them together. */
  bufferedBytes: number;
}

/** What waits for the client of a session: queued here, or given to the transport and not taken by the operating system yet. */
export class Outbox {
  readonly #context: OutboxContext;
  readonly #queue = new PacketQueue();
  #bufferedBytes = 0;
  #stalledSinceMs: number | undefined;

  constructor(context: OutboxContext) {
    this.#context = context;
  }

  /** Nothing is queued; the transport may still hold something. */
  get isEmpty(): boolean {
    return this.#queue.isEmpty;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Since when (monotonic) more than the low-water mark has waited while nothing was taken. */
  get stalledSinceMs(): number | undefined {
    return this.#stalledSinceMs;
  }

  push(packet: Outgoing): void {
    this.#queue.push(packet);
    this.#count(this.#bufferedBytes + packet.frames.length);
  }

  /** Gives the transport what it takes; to be counted afterwards. */
  writeTo(transport: Transport): void {
    if (!this.#queue.isEmpty) this.#queue.keep(transport.write(this.#queue.packets));
  }

  /** Something was taken: the time since which nothing was begins anew. */
  onTaken(): void {
    if (this.#stalledSinceMs !== undefined) this.#stalledSinceMs = this.#context.clock.monotonic();
  }

  /** Counts again, after the transport was given something or has passed it on. */
  recount(transport: Transport): void {
    this.#count(this.#queue.bytes + transport.bufferedBytes);
  }

  /** Whether it has fallen to the low-water mark since it was above it and this was last asked. */
  hasDrained(): boolean {
    if (this.#stalledSinceMs === undefined || this.#bufferedBytes > this.#context.options.bufferLowWaterBytes) return false;
    this.#stalledSinceMs = undefined;
    return true;
  }

  /** Nothing of it leaves any more. */
  clear(): void {
    this.#queue.keep([]);
    this.#count(0);
  }

  #count(bytes: number): void {
    this.#context.bufferedBytes += bytes - this.#bufferedBytes;
    this.#bufferedBytes = bytes;
    if (bytes > this.#context.options.bufferLowWaterBytes) this.#stalledSinceMs ??= this.#context.clock.monotonic();
  }
}
