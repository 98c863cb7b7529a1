/**
 * Who is online on whatever node, and how (pure: no I/O, time is passed in).
 *
 * A user is online while at least one session is open on some node (I7). What others see is derived, never stored:
 *
 *     no session, or chose `invisible` ─► offline
 *     chose `online`, nothing done for the idle time on every node where it is ─► away
 *     anything else ─► what the user chose
 *
 * Each node keeps all users and tells its own watchers. Of what a user chose on several nodes the highest version holds: one more than
 * what was known, or the wall clock if that is higher, so that a later choice wins wherever it is made.
 */
import type { Now } from '../lib/clock.ts';
import type { Cluster, PresenceEntry } from '../ports/cluster.ts';
import type { PresenceView } from '../ports/presence.ts';
import type { NodeId } from '../ports/shared-store.ts';
import { neverSeen, seenAt, type UserState } from '../ports/store.ts';

export type ChosenState = UserState['state'];

interface OnlineUser {
  chosen: ChosenState;
  statusText: string | undefined;
  /** Of what was chosen. */
  version: number;
  /** The node that it was heard from. */
  versionNode: NodeId;
  /** On this node. */
  connections: number;
  /** On this node. */
  idle: boolean;
  /** Wall clock, shown to people; undefined if others never saw the user. */
  lastSeenMs: number | undefined;
  /** Monotonic, decides over `idle`. */
  lastActiveMs: number;
  /** Undefined instead of empty, since most users are on one node. */
  elsewhere: readonly Elsewhere[] | undefined;
}

type Choice = Pick<PresenceEntry, 'chosen' | 'statusText' | 'version'>;

/** A user on another node. */
interface Elsewhere {
  readonly node: NodeId;
  readonly connections: number;
  readonly isIdle: boolean;
}

export interface PresencePorts {
  readonly idleTimeoutMs: number;
  readonly cluster: Pick<Cluster, 'node' | 'signal'>;
  readonly onChange: (view: PresenceView) => void;
}

export class Presence {
  readonly #users = new Map<string, OnlineUser>();
  readonly #ports: PresencePorts;

  constructor(ports: PresencePorts) {
    this.#ports = ports;
  }

  /**
   * A session of the user opened. `stored` is what the user chose in earlier times, `chosen` what it chooses now: whoever
   * arrives as `invisible` is never seen. Returns what to store if the user chose.
   */
  arrive(userId: string, stored: UserState | undefined, chosen: ChosenState | undefined, now: Now): UserState | undefined {
    this.#change(userId, () => {
      const user = this.#users.get(userId);
      if (user === undefined) {
        this.#users.set(userId, this.#arriving(stored, chosen, now));
        return;
      }
      user.connections += 1;
      const { version = 0 } = stored ?? {};
      if (stored !== undefined && version > user.version) this.#take(user, { ...stored, chosen: stored.state, version }, user.versionNode);
      if (chosen === undefined) this.#touch(user, now);
      else this.#choose(user, chosen, now);
    });
    return chosen === undefined ? undefined : this.#toStore(userId);
  }

  /** A session of the user closed. Returns what to store if it was the last one here. */
  depart(userId: string, now: Now): UserState | undefined {
    const user = this.#users.get(userId);
    if (user === undefined || user.connections === 0) return undefined;
    if (user.connections > 1) {
      user.connections -= 1;
      return undefined;
    }
    seen(user, now.wallMs);
    this.#change(userId, () => {
      user.connections = 0;
      this.#forgetIfGone(userId, user);
    });
    return toStore(userId, user);
  }

  /** The user chose a state. Returns what to store. */
  choose(userId: string, state: ChosenState, statusText: string | undefined, now: Now): UserState | undefined {
    const user = this.#users.get(userId);
    if (user === undefined) return undefined;
    this.#change(userId, () => {
      user.statusText = statusText;
      this.#choose(user, state, now);
    });
    return this.#toStore(userId);
  }

  /** The user did something. */
  active(userId: string, now: Now): void {
    const user = this.#users.get(userId);
    if (user === undefined) return;
    if (!user.idle) {
      this.#touch(user, now);
      return;
    }
    this.#change(userId, () => this.#touch(user, now));
    this.#signal(userId);
  }

  /** Finds users who have become idle. Called from time to time. */
  sweep(monotonicMs: number): void {
    for (const [userId, user] of this.#users) {
      if (user.idle || user.connections === 0 || monotonicMs - user.lastActiveMs < this.#ports.idleTimeoutMs) continue;
      this.#change(userId, () => {
        user.idle = true;
      });
      this.#signal(userId);
    }
  }

  /** What another node says of a user there. */
  heard(entry: PresenceEntry): void {
    const { userId, connections } = entry;
    if (!this.#users.has(userId) && connections === 0) return;
    this.#change(userId, () => {
      const user = this.#users.get(userId) ?? heardOf(entry);
      this.#users.set(userId, user);
      setElsewhere(user, entry);
      user.lastSeenMs = latest(user.lastSeenMs, entry.lastSeenMs);
      this.#take(user, entry, entry.node);
      this.#forgetIfGone(userId, user);
    });
  }

  /** Another node has ended. */
  nodeGone(node: NodeId, lastSeenMs: number): void {
    for (const [userId, user] of this.#users) {
      if (!user.elsewhere?.some((there) => there.node === node)) continue;
      this.#change(userId, () => {
        seen(user, latest(user.lastSeenMs, lastSeenMs) ?? lastSeenMs);
        setElsewhere(user, { node, connections: 0, isIdle: true });
        this.#forgetIfGone(userId, user);
      });
    }
  }

  /** What the other nodes should know of a user here. */
  entryOf(userId: string): PresenceEntry {
    const user = this.#users.get(userId);
    return {
      userId,
      node: this.#ports.cluster.node,
      connections: user?.connections ?? 0,
      isIdle: user?.idle ?? false,
      chosen: user?.chosen ?? 'online',
      statusText: user?.statusText,
      version: user?.version ?? 0,
      lastSeenMs: user?.lastSeenMs,
    };
  }

  /** Forgets everybody, and tells nobody: this node has to begin anew. */
  clear(): void {
    this.#users.clear();
  }

  /** What others see now. For a user who is not online the caller adds what the store remembers. */
  view(userId: string): PresenceView {
    const user = this.#users.get(userId);
    if (user === undefined) return { userId, state: 'offline', statusText: undefined, lastSeenMs: undefined, connections: 0 };
    const hidden = user.chosen === 'invisible';
    return {
      userId,
      state: hidden ? 'offline' : visibleState(user),
      statusText: hidden ? undefined : user.statusText,
      lastSeenMs: user.lastSeenMs,
      connections: hidden ? 0 : connectionsOf(user),
    };
  }

  /** What the user has chosen; undefined while offline. */
  chosen(userId: string): ChosenState | undefined {
    return this.#users.get(userId)?.chosen;
  }

  /** Others see that the user is connected. */
  isVisible(userId: string): boolean {
    const user = this.#users.get(userId);
    return user !== undefined && user.chosen !== 'invisible';
  }

  /** The user is connected to another node. */
  isElsewhere(userId: string): boolean {
    return this.#users.get(userId)?.elsewhere !== undefined;
  }

  /** The other nodes to which the user is connected. */
  nodesOf(userId: string): readonly NodeId[] {
    return this.#users.get(userId)?.elsewhere?.map(({ node }) => node) ?? [];
  }

  /** On all nodes, whatever others see. */
  connections(userId: string): number {
    const user = this.#users.get(userId);
    return user === undefined ? 0 : connectionsOf(user);
  }

  /** Everyone whom others see as online. */
  *online(): Iterable<string> {
    for (const [userId, user] of this.#users) if (user.chosen !== 'invisible') yield userId;
  }

  /** Everyone who is connected, the invisible too. */
  users(): Iterable<string> {
    return this.#users.keys();
  }

  #arriving(stored: UserState | undefined, chosen: ChosenState | undefined, now: Now): OnlineUser {
    const state = chosen ?? stored?.state ?? 'online';
    const version = stored?.version ?? 0;
    return {
      chosen: state,
      statusText: stored?.statusText,
      version: chosen === undefined ? version : Math.max(version + 1, now.wallMs),
      versionNode: this.#ports.cluster.node,
      connections: 1,
      idle: false,
      // An invisible user was last seen when it was last visible.
      lastSeenMs: state === 'invisible' ? seenAt(stored) : now.wallMs,
      lastActiveMs: now.monotonicMs,
      elsewhere: undefined,
    };
  }

  #toStore(userId: string): UserState | undefined {
    const user = this.#users.get(userId);
    return user && toStore(userId, user);
  }

  /** Who becomes invisible was last seen now, as if it left. */
  #choose(user: OnlineUser, state: ChosenState, now: Now): void {
    this.#touch(user, now);
    user.chosen = state;
    user.version = Math.max(user.version + 1, now.wallMs);
    user.versionNode = this.#ports.cluster.node;
    this.#touch(user, now);
  }

  /** What was chosen elsewhere, or earlier, if it is newer. */
  #take(user: OnlineUser, { chosen, statusText, version }: Choice, node: NodeId): void {
    if (version < user.version || (version === user.version && node < user.versionNode)) return;
    user.chosen = chosen;
    user.statusText = statusText;
    user.version = version;
    user.versionNode = node;
  }

  #touch(user: OnlineUser, now: Now): void {
    user.idle = false;
    user.lastActiveMs = now.monotonicMs;
    seen(user, now.wallMs);
  }

  #signal(userId: string): void {
    this.#ports.cluster.signal({ kind: 'presence', entry: this.entryOf(userId) });
  }

  #forgetIfGone(userId: string, user: OnlineUser): void {
    if (user.connections === 0 && user.elsewhere === undefined) this.#users.delete(userId);
  }

  #change(userId: string, change: () => void): void {
    const before = this.view(userId);
    const user = this.#users.get(userId);
    change();
    const after = this.view(userId);
    if (before.state === after.state && before.statusText === after.statusText) return;
    // Whoever has just gone is still known to have been seen.
    this.#ports.onChange(this.#users.has(userId) ? after : { ...after, lastSeenMs: user?.lastSeenMs });
  }
}

/** An invisible user was last seen when it was last visible. */
function seen(user: OnlineUser, wallMs: number): void {
  if (user.chosen !== 'invisible') user.lastSeenMs = wallMs;
}

function heardOf({ chosen, statusText, version, node, lastSeenMs }: PresenceEntry): OnlineUser {
  return {
    ...{ chosen, statusText, version, versionNode: node, connections: 0, idle: false },
    ...{ lastSeenMs, lastActiveMs: 0, elsewhere: undefined },
  };
}

function setElsewhere(user: OnlineUser, { node, connections, isIdle }: Elsewhere): void {
  const others = (user.elsewhere ?? []).filter((there) => there.node !== node);
  const all = connections === 0 ? others : [...others, { node, connections, isIdle }];
  user.elsewhere = all.length === 0 ? undefined : all;
}

function connectionsOf({ connections, elsewhere = [] }: OnlineUser): number {
  return elsewhere.reduce((sum, there) => sum + there.connections, connections);
}

function visibleState(user: OnlineUser): PresenceView['state'] {
  if (user.chosen === 'invisible') return 'offline';
  return user.chosen === 'online' && isIdleEverywhere(user) ? 'away' : user.chosen;
}

function isIdleEverywhere({ connections, idle, elsewhere = [] }: OnlineUser): boolean {
  return (connections === 0 || idle) && elsewhere.every(({ isIdle }) => isIdle);
}

function toStore(userId: string, user: OnlineUser): UserState {
  return { userId, state: user.chosen, statusText: user.statusText, lastSeenMs: user.lastSeenMs ?? neverSeen, version: user.version };
}

function latest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}
