/**
 * The sessions whose clients have not registered: how many there are from one address and in all, and what is held for them.
 *
 * At a limit the newcomer is let in and an older one is closed: the oldest of its address, or of all, for which no connection is held
 * open, or else the oldest; and when too much is held
 * for them, the one for which the most is held. So whoever opens sessions without end displaces its own, and a client that
 * registers in time always gets in.
 */
export interface Stranger {
  /** Whose it is, see `subscriberOf`. */
  readonly subscriber: string;
  /** What is held for it, in both directions. */
  readonly heldBytes: number;
  /** Its client holds a connection open for it: a WebSocket, or a poll. Many sessions without one may have come over a single connection. */
  readonly isPresent: boolean;
  /** Ends it at once. It is removed on the way. */
  displace(): void;
}

export interface StrangerLimits {
  readonly strangersMax: number;
  readonly strangersPerAddressMax: number;
  readonly strangersBytesMax: number;
}

export class Strangers {
  readonly #limits: StrangerLimits;
  readonly #onDisplaced: () => void;
  /** With what is held for each. In both, insertion order is the order of arrival. */
  readonly #all = new Map<Stranger, number>();
  readonly #bySubscriber = new Map<string, Set<Stranger>>();
  #heldBytes = 0;

  constructor(limits: StrangerLimits, onDisplaced: () => void) {
    this.#limits = limits;
    this.#onDisplaced = onDisplaced;
  }

  get count(): number {
    return this.#all.size;
  }

  /** A session has opened, or its client has left. */
  add(stranger: Stranger): void {
    const ofSubscriber = this.#bySubscriber.get(stranger.subscriber);
    if (ofSubscriber !== undefined && ofSubscriber.size >= this.#limits.strangersPerAddressMax) this.#displace(ofSubscriber);
    if (this.#all.size >= this.#limits.strangersMax) this.displaceOldest();
    this.#all.set(stranger, 0);
    const others = this.#bySubscriber.get(stranger.subscriber);
    if (others === undefined) this.#bySubscriber.set(stranger.subscriber, new Set([stranger]));
    else others.add(stranger);
    this.update(stranger);
  }

  /** Its client has registered, or it has ended. */
  remove(stranger: Stranger): void {
    this.#heldBytes -= this.#all.get(stranger) ?? 0;
    if (!this.#all.delete(stranger)) return;
    const others = this.#bySubscriber.get(stranger.subscriber);
    others?.delete(stranger);
    if (others?.size === 0) this.#bySubscriber.delete(stranger.subscriber);
  }

  /** What is held for it has changed. */
  update(stranger: Stranger): void {
    const before = this.#all.get(stranger);
    if (before === undefined) return;
    const { heldBytes } = stranger;
    this.#all.set(stranger, heldBytes);
    this.#heldBytes += heldBytes - before;
    if (heldBytes > before && this.#heldBytes > this.#limits.strangersBytesMax) this.#displaceLargest();
  }

  /** Makes room for somebody else. False: there is no stranger. */
  displaceOldest(): boolean {
    return this.#displace(this.#all.keys());
  }

  displaceAll(): void {
    while (this.displaceOldest());
  }

  #displace(strangers: Iterable<Stranger>): boolean {
    let oldest: Stranger | undefined;
    for (const stranger of strangers) {
      oldest ??= stranger;
      if (stranger.isPresent) continue;
      oldest = stranger;
      break;
    }
    if (oldest === undefined) return false;
    this.#end(oldest);
    return true;
  }

  #displaceLargest(): void {
    let largest: Stranger | undefined;
    let largestBytes = 0;
    for (const [stranger, heldBytes] of this.#all) {
      if (heldBytes <= largestBytes) continue;
      largest = stranger;
      largestBytes = heldBytes;
    }
    if (largest !== undefined) this.#end(largest);
  }

  #end(stranger: Stranger): void {
    this.#onDisplaced();
    this.remove(stranger);
    stranger.displace();
  }
}
