/** What commands may use of the other stages: narrow interfaces, which `core.ts` implements. */
import type { Clock, Now } from '../lib/clock.ts';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Random } from '../lib/random.ts';
import type { Connection } from '../ports/connection.ts';
import type { HubEventListener } from '../ports/hub-events.ts';
import type { PresenceView } from '../ports/presence.ts';
import type { EnterSession, Registration, Session } from '../ports/session.ts';
import type { Store, UserState } from '../ports/store.ts';

export interface Services {
  readonly store: Store;
  readonly clock: Clock;
  /** The retention clock, see `Store.expire`. */
  readonly runningMs: () => number;
  readonly random: Random;
  readonly sessions: SessionRegistrar;
  readonly directory: SessionDirectory & Memberships;
  readonly cluster: { readonly isSure: boolean };
  readonly members: MemberChanges;
  readonly presence: PresenceBoard;
  readonly watches: WatchList;
  readonly limits: CommandLimits;
  /** How many bytes a connection may be given now, for replies that can be cut. */
  readonly roomFor: (connection: Connection) => number;
  readonly live: LiveEvents;
  readonly onEvent: HubEventListener;
}

export interface CommandLimits {
  readonly contentBytesMax: number;
  readonly contentDepthMax: number;
  /** `max_members` of a room that says nothing else. */
  readonly roomMembersDefault: number;
  /** Bytes of one direct message times its recipients. */
  readonly messageBytesMax: number;
  /** Whether joining a room that does not exist creates it. */
  readonly roomsCreateOnJoin: boolean;
}

export interface SessionRegistrar {
  register(connection: Connection, registration: Registration, enter: EnterSession): Promise<void>;
  close(session: Session): void;
}

/** Who is connected here. */
export interface SessionDirectory {
  sessionsOf(userId: string): readonly Session[];
  sessions(): Iterable<Session>;
}

/** The rooms of those who are connected here, as the store last reported. It decides over live-only events, about which the store is not asked. */
export interface Memberships {
  roomsOf(userId: string): ReadonlySet<string>;
}

interface MemberChange {
  readonly roomId: string;
  readonly userId: string;
  /** Of the room afterwards. Undefined: its members are not told. */
  readonly memberCount: number | undefined;
  readonly membersVersion: number | undefined;
}

/** What the store has changed is applied to those who are connected here. Called in the store's order. */
export interface MemberChanges {
  joined(change: MemberChange & { readonly joinedSeq: number }): void;
  left(change: MemberChange & { readonly leftSeq: number | undefined }): void;
  deleted(room: { readonly roomId: string }): void;
}

export interface PresenceBoard {
  active(userId: string, now: Now): void;
  choose(userId: string, state: UserState['state'], statusText: string | undefined, now: Now): UserState | undefined;
  /** What the user has chosen; undefined while offline. */
  chosen(userId: string): UserState['state'] | undefined;
  view(userId: string): PresenceView;
}

export interface WatchList {
  /** False, and nothing is watched, if it would be more than the session may. */
  watch(session: Session, topics: readonly string[]): boolean;
  unwatch(session: Session, topics: readonly string[]): void;
}

/** Sends live-only events to those who are connected, on whatever node. Returns how many users can be known to have got it: those who are not invisible. */
export interface LiveEvents {
  toUser(userId: string, packet: OutgoingPacket): number;
  toRoom(roomId: string, packet: OutgoingPacket, exceptUserId?: string): number | Promise<number>;
  toAll(packet: OutgoingPacket, except: ReadonlySet<string>): number;
}
