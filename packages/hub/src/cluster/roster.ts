/**
 * The other nodes, and the users on them, as this node has heard (pure). What is told of a user on a node replaces what was told before,
 * so the order of telling is kept: by the position of the node's lane 1, and between two positions by the serial of the frame.
 */
import type { PresenceEntry } from '../ports/cluster.ts';
import type { LanePosition, NodeId, NodeSessions } from '../ports/shared-store.ts';
import { seenAt, type UserState } from '../ports/store.ts';

/** When a node told something. */
export interface Told {
  readonly position: number;
  readonly serial: number;
}

/** Before all frames that a node sends after its commit of a position. */
const beforeFrames = -1;

interface Kept extends Told {
  readonly entry: PresenceEntry;
}

interface KnownNode {
  readonly users: Map<string, Kept>;
  lastSeenMs: number;
}

/** The sessions of all nodes as they were read. */
export interface ReadSessions {
  readonly rows: readonly NodeSessions[];
  readonly states: ReadonlyMap<string, UserState>;
  /** Read before the sessions. */
  readonly positions: readonly LanePosition[];
}

export interface RosterEvents {
  readonly tell: (entry: PresenceEntry) => void;
  readonly gone: (node: NodeId, lastSeenMs: number) => void;
}

/** So long a user's absence is remembered, so that what was told before and comes late changes nothing. */
const absenceMs = 30_000;

export class Roster {
  readonly #nodes = new Map<NodeId, KnownNode>();
  readonly #events: RosterEvents;
  readonly #absent: { readonly users: Map<string, Kept>; readonly kept: Kept; readonly sinceMs: number }[] = [];

  constructor(events: RosterEvents) {
    this.#events = events;
  }

  has(node: NodeId): boolean {
    return this.#nodes.has(node);
  }

  nodes(): readonly NodeId[] {
    return [...this.#nodes.keys()];
  }

  add(node: NodeId, lastSeenMs: number): void {
    if (!this.#nodes.has(node)) this.#nodes.set(node, { users: new Map(), lastSeenMs });
  }

  /** A beat of the node was read. */
  seen(node: NodeId, lastSeenMs: number): void {
    const known = this.#nodes.get(node);
    if (known !== undefined) known.lastSeenMs = lastSeenMs;
  }

  end(node: NodeId): void {
    const known = this.#nodes.get(node);
    if (known === undefined) return;
    this.#nodes.delete(node);
    this.#events.gone(node, known.lastSeenMs);
  }

  /** A node told of one of its users. */
  apply(entry: PresenceEntry, told: Told, nowMs: number): void {
    const users = this.#nodes.get(entry.node)?.users;
    const known = users?.get(entry.userId);
    if (users === undefined || (known !== undefined && !isAfter(told, known))) return;
    this.#keep(users, entry, told, nowMs);
  }

  /** Applies what differs, except for what was told after the positions that were read: that may be newer, and is not lost. */
  compare({ rows, states, positions }: ReadSessions, nowMs: number): void {
    const toldOf = new Map(positions.filter(({ lane }) => lane === 1).map(({ node, position }) => [node, position]));
    const rowsOf = Map.groupBy(rows, ({ node }) => node);
    for (const [node, { users }] of this.#nodes) {
      const read = { position: toldOf.get(node) ?? 0, serial: beforeFrames };
      const present = new Map(rowsOf.get(node)?.map((row) => [row.userId, row]));
      for (const [userId, known] of users) {
        const { entry } = known;
        if (known.position > read.position || present.has(userId) || entry.connections === 0) continue;
        const lastSeenMs = seenAt(states.get(userId)) ?? entry.lastSeenMs;
        this.#keep(users, { ...entry, connections: 0, lastSeenMs }, latest(read, known), nowMs);
      }
      for (const [userId, row] of present) {
        const known = users.get(userId);
        if (known !== undefined && known.position > read.position) continue;
        const entry = entryOf(row, known?.entry, states.get(userId));
        if (entry !== undefined) this.#keep(users, entry, known === undefined ? read : latest(read, known), nowMs);
      }
    }
  }

  /** Forgets absences that are long ago. Called from time to time. */
  sweep(nowMs: number): void {
    const firstKept = this.#absent.findIndex(({ sinceMs }) => nowMs - sinceMs < absenceMs);
    const old = this.#absent.splice(0, firstKept === -1 ? this.#absent.length : firstKept);
    for (const { users, kept } of old) if (users.get(kept.entry.userId) === kept) users.delete(kept.entry.userId);
  }

  #keep(users: Map<string, Kept>, entry: PresenceEntry, { position, serial }: Told, nowMs: number): void {
    const kept = { entry, position, serial };
    users.set(entry.userId, kept);
    if (entry.connections === 0) this.#absent.push({ users, kept, sinceMs: nowMs });
    this.#events.tell(entry);
  }
}

const isAfter = (a: Told, b: Told): boolean => a.position > b.position || (a.position === b.position && a.serial > b.serial);

const latest = (a: Told, b: Told): Told => (isAfter(b, a) ? b : a);

/** The user's entry as it is stored; undefined if it is known. */
function entryOf(row: NodeSessions, known: PresenceEntry | undefined, state: UserState | undefined): PresenceEntry | undefined {
  const { userId, node, connections } = row;
  const version = state?.version ?? 0;
  const isChosenKnown = known !== undefined && known.version >= version;
  if (isChosenKnown && known.connections === connections) return undefined;
  const chosen = isChosenKnown ? known.chosen : (state?.state ?? 'online');
  const statusText = isChosenKnown ? known.statusText : state?.statusText;
  const lastSeenMs = Math.max(known?.lastSeenMs ?? 0, seenAt(state) ?? 0) || undefined;
  const isIdle = known !== undefined && known.connections > 0 && known.isIdle;
  return { userId, node, connections, isIdle, chosen, statusText, version: isChosenKnown ? known.version : version, lastSeenMs };
}
