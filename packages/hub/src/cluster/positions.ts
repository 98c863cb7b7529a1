/**
 * Which positions of which lane were heard (pure). A lane is heard up to the last position before the first hole; what was heard above
 * it is remembered one by one. Whoever took the highest position that was heard would never find what was lost before it (I13).
 */
import type { Lane, LanePosition, NodeId } from '../ports/shared-store.ts';

interface HeardLane {
  /** This one and all before it. */
  reached: number;
  readonly above: Set<number>;
}

/** Above it positions are not remembered, and found again by mending. */
const aboveMax = 20_000;

export class Positions {
  readonly #nodes = new Map<NodeId, readonly [HeardLane, HeardLane]>();

  /** False: it was heard before, or counts as heard. */
  hear({ node, lane, position }: LanePosition): boolean {
    const heard = this.#lane(node, lane);
    if (position <= heard.reached || heard.above.has(position)) return false;
    if (position === heard.reached + 1) goOn(heard, position);
    else if (heard.above.size < aboveMax) heard.above.add(position);
    return true;
  }

  /** The position up to which nothing of the lane is missing. */
  reached(node: NodeId, lane: Lane): number {
    return this.#nodes.get(node)?.[lane].reached ?? 0;
  }

  /** Those of the positions that are not reached. */
  missing(read: readonly LanePosition[]): readonly LanePosition[] {
    return read.filter(({ node, lane, position }) => this.reached(node, lane) < position);
  }

  /** What was done up to there is known in another way. */
  countAsHeard(read: readonly LanePosition[]): void {
    for (const { node, lane, position } of read) {
      const heard = this.#lane(node, lane);
      if (position <= heard.reached) continue;
      for (const above of heard.above) if (above <= position) heard.above.delete(above);
      goOn(heard, position);
    }
  }

  forget(node: NodeId): void {
    this.#nodes.delete(node);
  }

  #lane(node: NodeId, lane: Lane): HeardLane {
    const known = this.#nodes.get(node);
    if (known !== undefined) return known[lane];
    const made = [newLane(), newLane()] as const;
    this.#nodes.set(node, made);
    return made[lane];
  }
}

const newLane = (): HeardLane => ({ reached: 0, above: new Set() });

function goOn(lane: HeardLane, position: number): void {
  lane.reached = position;
  while (lane.above.delete(lane.reached + 1)) lane.reached += 1;
}
