/**
 * Who is online, and how (pure: no I/O, time is passed in).
 *
 * A user is online while at least one session is open (I7). What others see is derived, never stored:
 *
 *     no session, or chose `invisible` ─► offline
 *     chose `online`, nothing done for the idle time ─► away
 *     anything else ─► what the user chose
 */
import type { Now } from '../lib/clock.ts';
import type { PresenceView } from '../ports/presence.ts';
import { neverSeen, seenAt, type UserState } from '../ports/store.ts';

export type ChosenState = UserState['state'];
interface OnlineUser {
  chosen: ChosenState;
  statusText: string | undefined;
  connections: number;
  idle: boolean;
  /** Wall clock, shown to people; undefined if others never saw the user. */
  lastSeenMs: number | undefined;
  /** Monotonic, decides over `idle`. */
  lastActiveMs: number;
}

export class Presence {
  readonly #users = new Map<string, OnlineUser>();
  readonly #onChange: (view: PresenceView) => void;
  readonly #idleTimeoutMs: number;

  constructor(idleTimeoutMs: number, onChange: (view: PresenceView) => void) {
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#onChange = onChange;
  }

  /**
   * A session of the user opened. `stored` is what the user chose in earlier times, `chosen` what it chooses now: whoever
   * arrives as `invisible` is never seen. Returns what to store if the user chose.
   */
  arrive(userId: string, stored: UserState | undefined, chosen: ChosenState | undefined, now: Now): UserState | undefined {
    this.#change(userId, () => {
      const user = this.#users.get(userId);
      if (user === undefined) this.#users.set(userId, arrivingUser(stored, chosen, now));
      else {
        user.connections += 1;
        if (chosen === undefined) this.#touch(user, now);
        else this.#choose(user, chosen, now);
      }
    });
    return chosen === undefined ? undefined : this.#toStore(userId);
  }

  /** A session of the user closed. Returns what to store if it was the last one. */
  depart(userId: string, now: Now): UserState | undefined {
    const user = this.#users.get(userId);
    if (user === undefined) return undefined;
    if (user.connections > 1) {
      user.connections -= 1;
      return undefined;
    }
    const { state } = this.view(userId);
    this.#users.delete(userId);
    const lastSeenMs = user.chosen === 'invisible' ? user.lastSeenMs : now.wallMs;
    if (state !== 'offline') this.#onChange({ userId, state: 'offline', statusText: undefined, lastSeenMs, connections: 0 });
    return { userId, state: user.chosen, statusText: user.statusText, lastSeenMs: lastSeenMs ?? neverSeen };
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
    if (user.idle) this.#change(userId, () => this.#touch(user, now));
    else this.#touch(user, now);
  }

  /** Finds users who have become idle. Called from time to time. */
  sweep(monotonicMs: number): void {
    for (const [userId, user] of this.#users) {
      if (user.idle || monotonicMs - user.lastActiveMs < this.#idleTimeoutMs) continue;
      this.#change(userId, () => {
        user.idle = true;
      });
    }
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
      connections: hidden ? 0 : user.connections,
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

  /** Everyone whom others see as online. */
  *online(): Iterable<string> {
    for (const [userId, user] of this.#users) if (user.chosen !== 'invisible') yield userId;
  }

  #toStore(userId: string): UserState | undefined {
    const user = this.#users.get(userId);
    return user && { userId, state: user.chosen, statusText: user.statusText, lastSeenMs: user.lastSeenMs ?? neverSeen };
  }

  /** Who becomes invisible was last seen now, as if it left. */
  #choose(user: OnlineUser, state: ChosenState, now: Now): void {
    this.#touch(user, now);
    user.chosen = state;
    this.#touch(user, now);
  }

  #touch(user: OnlineUser, now: Now): void {
    user.idle = false;
    user.lastActiveMs = now.monotonicMs;
    // An invisible user was last seen when it was last visible.
    if (user.chosen !== 'invisible') user.lastSeenMs = now.wallMs;
  }

  #change(userId: string, change: () => void): void {
    const before = this.view(userId);
    change();
    const after = this.view(userId);
    if (before.state !== after.state || before.statusText !== after.statusText) this.#onChange(after);
  }
}

function arrivingUser(stored: UserState | undefined, chosen: ChosenState | undefined, now: Now): OnlineUser {
  const state = chosen ?? stored?.state ?? 'online';
  return {
    chosen: state,
    statusText: stored?.statusText,
    connections: 1,
    idle: false,
    // An invisible user was last seen when it was last visible.
    lastSeenMs: state === 'invisible' ? seenAt(stored) : now.wallMs,
    lastActiveMs: now.monotonicMs,
  };
}

function visibleState(user: OnlineUser): PresenceView['state'] {
  if (user.chosen === 'invisible') return 'offline';
  return user.chosen === 'online' && user.idle ? 'away' : user.chosen;
}
