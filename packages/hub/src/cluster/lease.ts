/**
 * Whether this node may still speak for itself, and whether another one has ended (pure: time is passed in, on the node's own monotonic
 * clock; no clock of two machines is compared).
 *
 * A node beats every second. Who judges it ends it after `deadAfterMs` without a beat, so a node that has not beaten for the shorter
 * `sureForMs` has to expect that, and is not sure. A node that was paused finds this out by its own clock before it does anything.
 */
import type { NodeId, NodeInfo } from '../ports/shared-store.ts';

export const beatEveryMs = 1_000;
export const sureForMs = 4_000;
export const deadAfterMs = 6_000;
/** A judge that looked away for longer can't say that nothing happened. */
const judgePauseMaxMs = 3_000;

export class Lease {
  #sentMs = Number.NEGATIVE_INFINITY;

  /** A beat that was sent at this time has succeeded. Counted from the sending: nobody knows how long the answer was on its way. */
  succeeded(sentMs: number): void {
    this.#sentMs = Math.max(this.#sentMs, sentMs);
  }

  /** A beat was refused, or the node has ended. */
  lose(): void {
    this.#sentMs = Number.NEGATIVE_INFINITY;
  }

  isSure(nowMs: number): boolean {
    return nowMs - this.#sentMs <= sureForMs;
  }
}

interface Observed {
  beat: number;
  /** When the first read that saw this beat had ended. */
  sinceMs: number;
}

export class Judge {
  #observed = new Map<NodeId, Observed>();
  #lastReadMs = Number.NEGATIVE_INFINITY;

  /** The nodes as they were read between two times. Returns those that are to be ended. */
  judge(nodes: readonly NodeInfo[], sentMs: number, readMs: number): readonly NodeInfo[] {
    // This node, or the store, was away: nobody could have been seen to beat.
    if (readMs - this.#lastReadMs > judgePauseMaxMs) this.#observed.clear();
    this.#lastReadMs = readMs;
    const before = this.#observed;
    this.#observed = new Map();
    return nodes.filter((info) => {
      const known = before.get(info.node);
      const isSame = known !== undefined && known.beat === info.beat;
      this.#observed.set(info.node, isSame ? known : { beat: info.beat, sinceMs: readMs });
      return isSame && sentMs - known.sinceMs >= deadAfterMs;
    });
  }
}
