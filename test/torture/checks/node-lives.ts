/**
 * What a cluster can't know at once (pure: times come with the events).
 *
 * - What a node tells another one comes `shownMs` later at most, and a node that was stopped, or had no store, has to read as long first.
 * - Users of a node that died are gone when another node has watched it for `deadMs`. Who watches must neither end nor be stopped
 *   meanwhile, and the store must be there.
 */
import type { TimedEvent } from '../history/events.ts';

export interface ClusterBounds {
  readonly shownMs: number;
  readonly deadMs: number;
}

export class NodeLives {
  readonly #bounds: ClusterBounds;
  /** Of each node that runs: since when it can watch others. */
  readonly #watchesSinceMs = new Map<number, number>();
  /** Of each node: what was asked before says nothing of what it knows. */
  readonly #freshFromMs = new Map<number, number>();
  /** Of each user: when a node may have died that they seemed to be at. */
  readonly #diedAtMs = new Map<number, number>();

  constructor(bounds: ClusterBounds) {
    this.#bounds = bounds;
  }

  on(event: TimedEvent): void {
    if (event.kind === 'up') this.#runs(event.node ?? 0, event.atMs);
    else if (event.kind === 'continued') this.#runs(event.node ?? 0, event.atMs);
    else if (event.kind === 'down') this.#watchesSinceMs.delete(event.node ?? 0);
    else if (event.kind === 'stopped') this.#isStopped(event.node ?? 0);
    else if (event.kind === 'storeDown') for (const node of this.#freshFromMs.keys()) this.#freshFromMs.set(node, Number.POSITIVE_INFINITY);
    else if (event.kind === 'storeUp') for (const node of [...this.#watchesSinceMs.keys()]) this.#runs(node, event.atMs);
  }

  /** One of these users' nodes has died, or may be taken for dead. */
  mayDie(users: Iterable<number>, atMs: number): void {
    for (const user of users) this.#diedAtMs.set(user, atMs);
  }

  isFresh(node: number, askedAtMs: number): boolean {
    return askedAtMs > (this.#freshFromMs.get(node) ?? 0);
  }

  goneByMs(user: number): number {
    const diedAtMs = this.#diedAtMs.get(user);
    if (diedAtMs === undefined) return 0;
    const watchedFromMs = [...this.#watchesSinceMs.values()].map((sinceMs) => Math.max(sinceMs, diedAtMs));
    return Math.min(...watchedFromMs) + this.#bounds.deadMs;
  }

  #runs(node: number, atMs: number): void {
    this.#watchesSinceMs.set(node, atMs);
    this.#freshFromMs.set(node, atMs + this.#bounds.shownMs);
  }

  #isStopped(node: number): void {
    this.#watchesSinceMs.delete(node);
    this.#freshFromMs.set(node, Number.POSITIVE_INFINITY);
  }
}
