/**
 * Presence is right within its bound (pure: times come with the events).
 *
 * - Who has a registered connection that answers is online. If a snapshot says otherwise, the connection must be about to
 *   end: the hub may have given it up before the client knows.
 * - Who has none is offline: `closedMs` after the last one was closed so that the hub can see it, `silentMs` after it ended without that.
 *   A hub that was started anew knows nobody.
 *
 * Over several nodes there is more time: see node-lives.ts.
 */
import type { TimedEvent } from '../history/events.ts';
import type { Ledger } from '../history/ledger.ts';
import type { Check, Report } from './check.ts';
import { type ClusterBounds, NodeLives } from './node-lives.ts';

export interface PresenceBounds {
  readonly closedMs: number;
  readonly silentMs: number;
  /** Absent: the hub is alone. */
  readonly cluster?: ClusterBounds;
}

/** How long a client may need to hear that the hub has closed its connection. */
const closingMs = 1_500;

interface Doubt {
  readonly atMs: number;
  /** Where it was asked. */
  readonly node: number;
  readonly user: number;
  readonly connection: number;
}

export function presence(bounds: PresenceBounds): Check {
  return {
    name: 'presence',
    watch(ledger, report) {
      const watch = new PresenceWatch(ledger, bounds, report);
      return { on: (event) => watch.on(event) };
    },
  };
}

class PresenceWatch {
  readonly #ledger: Ledger;
  readonly #bounds: PresenceBounds;
  readonly #report: Report;
  /** Of each user, the connections that have not ended. */
  readonly #live: readonly Set<number>[];
  /** Of each user, when others must see that the last connection is gone. */
  readonly #offlineByMs: number[];
  readonly #lives: NodeLives | undefined;
  #doubts: Doubt[] = [];
  /** Answers to what was asked before this time say nothing. */
  #sureSinceMs = 0;

  constructor(ledger: Ledger, bounds: PresenceBounds, report: Report) {
    this.#ledger = ledger;
    this.#bounds = bounds;
    this.#report = report;
    this.#live = ledger.world.users.map(() => new Set());
    this.#offlineByMs = ledger.world.users.map(() => 0);
    this.#lives = bounds.cluster === undefined ? undefined : new NodeLives(bounds.cluster);
  }

  on(event: TimedEvent): void {
    if (event.kind === 'stopped') this.#lives?.mayDie(this.#usersAt(event.node ?? 0, event.atMs), event.atMs);
    if (event.kind === 'open') {
      const user = this.#ledger.world.readers[event.reader]?.user ?? -1;
      this.#live[user]?.add(event.connection);
    } else if (event.kind === 'closed') {
      this.#close(event.connection, event.atMs + (event.silent ? this.#bounds.silentMs : this.#bounds.closedMs));
    } else if (event.kind === 'down' && this.#lives !== undefined) {
      this.#nodeEnded(event.node ?? 0, event.killed ?? false, event.atMs);
    } else if (event.kind === 'down') {
      for (const connections of this.#live) connections.clear();
      this.#offlineByMs.fill(0);
      this.#forgetUntil(event.atMs);
    } else if (event.kind === 'stopped' || event.kind === 'continued' || event.kind === 'storeDown' || event.kind === 'storeUp') {
      for (const user of this.#offlineByMs.keys()) this.#offlineNotBefore(user, event.atMs + this.#bounds.silentMs);
      this.#forgetUntil(event.atMs);
    } else if (event.kind === 'presence') {
      const isFresh = this.#lives?.isFresh(event.node ?? 0, event.askedAtMs) ?? true;
      if (isFresh) this.#onSnapshot(event.online, event.askedAtMs, event.atMs, event.node ?? 0);
    }
    this.#lives?.on(event);
    this.#settleDoubts(event.atMs);
  }

  /** Of a killed node the others have to find out; one that was told to end says goodbye for its users. */
  #nodeEnded(node: number, isKilled: boolean, atMs: number): void {
    if (isKilled) this.#lives?.mayDie(this.#usersAt(node, atMs), atMs);
    for (const [user, connections] of this.#live.entries()) {
      for (const connection of connections) {
        if (this.#ledger.connection(connection).node !== node) continue;
        connections.delete(connection);
        this.#offlineNotBefore(user, atMs + this.#bounds.closedMs);
      }
    }
    this.#forgetUntil(atMs);
  }

  /** Who has a connection there, or may seem to have one still. */
  #usersAt(node: number, nowMs: number): number[] {
    const isAt = (user: number): boolean =>
      (this.#offlineByMs[user] ?? 0) > nowMs ||
      [...(this.#live[user] ?? [])].some((connection) => this.#ledger.connection(connection).node === node);
    return [...this.#live.keys()].filter(isAt);
  }

  #goneByMs(user: number): number {
    return Math.max(this.#offlineByMs[user] ?? 0, this.#lives?.goneByMs(user) ?? 0);
  }

  #close(connection: number, offlineByMs: number): void {
    const { user } = this.#ledger.connection(connection);
    // A connection to a hub that has ended already is nobody's presence.
    if (this.#live[user]?.delete(connection)) this.#offlineNotBefore(user, offlineByMs);
  }

  #offlineNotBefore(user: number, atMs: number): void {
    this.#offlineByMs[user] = Math.max(this.#offlineByMs[user] ?? 0, atMs);
  }

  #forgetUntil(atMs: number): void {
    this.#doubts = [];
    this.#sureSinceMs = atMs;
  }

  #onSnapshot(online: number, askedAtMs: number, atMs: number, node: number): void {
    if (askedAtMs <= this.#sureSinceMs) return;
    for (const [user, name] of this.#ledger.world.users.entries()) {
      const connections = this.#live[user] ?? new Set();
      if ((online & (1 << user)) === 0) {
        for (const connection of connections) this.#doubt({ atMs, node, user, connection }, askedAtMs);
      } else if (connections.size === 0 && this.#goneByMs(user) < askedAtMs) {
        const lateMs = Math.round(askedAtMs - this.#goneByMs(user));
        this.#report({ problem: `${name} was shown as online ${lateMs} ms after it had to be known as gone${this.#at(node)}`, user });
      }
    }
  }

  #at(node: number): string {
    return this.#lives === undefined ? '' : `, at node ${node}`;
  }

  /** The user was shown as offline. Only connections that were registered well before count against that. */
  #doubt(doubt: Doubt, askedAtMs: number): void {
    const { registeredAtMs, state, node } = this.#ledger.connection(doubt.connection);
    const shownMs = this.#bounds.cluster?.shownMs ?? 0;
    if (state !== 'open' || registeredAtMs === undefined || registeredAtMs + shownMs >= askedAtMs) return;
    if (this.#lives?.isFresh(node, askedAtMs) ?? true) this.#doubts.push(doubt);
  }

  #settleDoubts(nowMs: number): void {
    while (this.#doubts[0] !== undefined && this.#doubts[0].atMs + closingMs < nowMs) {
      const { user, connection, node } = this.#doubts.shift() ?? this.#doubts[0];
      if (this.#ledger.connection(connection).state !== 'open') continue;
      this.#report({
        problem: `${this.#ledger.world.users[user]} was shown as offline although it was connected${this.#at(node)}`,
        user,
        connection,
      });
    }
  }
}
