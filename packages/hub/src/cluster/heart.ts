import type { Clock } from '../lib/clock.ts';
import type { Log } from '../ports/log.ts';
import type { NodeInfo, SharedStore } from '../ports/shared-store.ts';
import { Judge, Lease } from './lease.ts';

export interface HeartPorts {
  readonly store: SharedStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly onNodes: (nodes: readonly NodeInfo[]) => void;
  /** This node has ended another one. */
  readonly onEnded: (node: NodeInfo) => void;
  /** Another node has ended this one. */
  readonly onFenced: () => void;
}

/** Beats, and ends nodes that don't. */
export class Heart {
  readonly #ports: HeartPorts;
  readonly #lease = new Lease();
  #judge = new Judge();
  #isFenced = false;

  constructor(ports: HeartPorts) {
    this.#ports = ports;
  }

  get isSure(): boolean {
    return !this.#isFenced && this.#lease.isSure(this.#ports.clock.monotonic());
  }

  get isFenced(): boolean {
    return this.#isFenced;
  }

  async beat(): Promise<void> {
    if (this.#isFenced) return;
    const { store, clock, onFenced } = this.#ports;
    const sentMs = clock.monotonic();
    if (await store.beat()) return this.#lease.succeeded(sentMs);
    this.#isFenced = true;
    this.#lease.lose();
    onFenced();
  }

  /** This process goes on as another node. */
  begin(): void {
    this.#isFenced = false;
    this.#judge = new Judge();
  }

  async judge(): Promise<void> {
    const { store, clock, log, onNodes, onEnded } = this.#ports;
    const sentMs = clock.monotonic();
    const nodes = await store.nodes();
    const others = nodes.filter(({ node }) => node !== store.node);
    onNodes(others);
    for (const silent of this.#judge.judge(others, sentMs, clock.monotonic())) {
      if (!(await store.declareDead(silent.node, silent.beat))) continue;
      log.warn({ node: silent.node, address: silent.address }, 'A node has not shown a sign of life for too long, and was ended.');
      onEnded(silent);
    }
  }
}
