import type { Cancel } from '@parley/hub/testing';

export interface SimEvent {
  readonly atMs: number;
  /** Decides between events of one moment. */
  readonly order: number;
  readonly callback: () => void;
  isCancelled: boolean;
  isTaken: boolean;
}

/** Events by time, then in the order in which they were added (a binary heap). */
export class EventQueue {
  readonly #heap: SimEvent[] = [];
  #added = 0;
  #waiting = 0;

  /** How many events wait. */
  get size(): number {
    return this.#waiting;
  }

  add(atMs: number, callback: () => void): Cancel {
    const event: SimEvent = { atMs, order: this.#added++, callback, isCancelled: false, isTaken: false };
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    this.#waiting += 1;
    return () => {
      if (!event.isCancelled && !event.isTaken) this.#waiting -= 1;
      event.isCancelled = true;
    };
  }

  /** Removes and returns the events of the earliest moment, in order. They may still be cancelled by one another. */
  takeDue(): { readonly atMs: number; readonly events: readonly SimEvent[] } | undefined {
    const events: SimEvent[] = [];
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (events[0] !== undefined && first.atMs > events[0].atMs) break;
      this.#removeFirst();
      if (first.isCancelled) continue;
      first.isTaken = true;
      this.#waiting -= 1;
      events.push(first);
    }
    return events[0] && { atMs: events[0].atMs, events };
  }

  #rise(start: number): void {
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const smaller = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(smaller, at)) return;
      this.#swap(at, smaller);
      at = smaller;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (first === undefined) return false;
    return second === undefined || first.atMs < second.atMs || (first.atMs === second.atMs && first.order < second.order);
  }

  #swap(a: number, b: number): void {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (first === undefined || second === undefined) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}
