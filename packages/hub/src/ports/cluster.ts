/**
 * What the stages of a node and its cluster tell each other. A node alone has a cluster too, which says nothing and hears nothing.
 *
 * What the cluster tells may come late, twice or never, and in another order than it happened: so each handler is idempotent, keeps what
 * is newer, returns at once and never throws. What is stored (messages, memberships, sessions) the cluster mends within two seconds
 * after it was lost; what is live only stays lost.
 */
import type { News, NodeId, SharedMessage } from './shared-store.ts';
import type { StreamId, StreamPosition, UserState } from './store.ts';

/** What a node tells the others and nobody stores. May be lost. `packet` is the text of a Socket.IO packet. */
export type LiveEvent =
  | { readonly kind: 'to_user'; readonly userId: string; readonly packet: string }
  | { readonly kind: 'to_room'; readonly roomId: string; readonly exceptUserId?: string | undefined; readonly packet: string }
  | { readonly kind: 'to_all'; readonly except: readonly string[]; readonly packet: string }
  /** The user has become idle or active on that node. */
  | { readonly kind: 'presence'; readonly entry: PresenceEntry }
  /** Ends the user's connections, see `HubApi.disconnectUser`. */
  | { readonly kind: 'disconnect'; readonly userId: string }
  /** The user has no place left for one more connection: those of its connections that are dead are to be found and closed. */
  | { readonly kind: 'probe'; readonly userId: string }
  /** All of the user's connections on that node have answered the probe. */
  | { readonly kind: 'answered'; readonly userId: string; readonly node: NodeId };

/** A user on one node. It replaces what was known of the user there. */
export interface PresenceEntry {
  readonly userId: string;
  readonly node: NodeId;
  /** 0: gone from there. */
  readonly connections: number;
  /** The user has done nothing there for a while. */
  readonly isIdle: boolean;
  readonly chosen: UserState['state'];
  readonly statusText?: string | undefined;
  /** Of `chosen` and `statusText`: of all nodes' entries those of the highest hold, among equals those of the highest node. */
  readonly version: number;
  /** When others last saw the user, as far as that node knows; undefined if they never did. */
  readonly lastSeenMs?: number | undefined;
}

/** What the stages tell the cluster. Nothing here waits or throws. */
export interface Cluster {
  /** This node; another one after `fenced`. */
  readonly node: NodeId;
  /** False: the others may believe that this node has ended, so nothing that only this node knows is told to anybody. */
  readonly isSure: boolean;
  /** To all other nodes, at most once each, and not to this one. */
  signal(event: LiveEvent): void;
}

/** A node alone: there is nobody to tell, and nobody who could believe anything. */
export const aloneCluster: Cluster = { node: 0, isSure: true, signal() {} };

/** What the cluster tells the stages; of other nodes only. */
export interface ClusterHandlers {
  /** Messages that another node has stored, in `seq` order for each stream within one call. */
  messages(messages: readonly SharedMessage[]): void;
  /** The log reaches at least so far. */
  heads(heads: readonly StreamPosition[]): void;
  /** Applied to the connections of this node. */
  live(event: LiveEvent): void;
  joined(news: Extract<News, { kind: 'joined' }>): void;
  left(news: Extract<News, { kind: 'left' }>): void;
  deleted(news: Extract<News, { kind: 'deleted' }>): void;
  /**
   * News of members may have been lost: compares the memberships of all users here with the store's, and applies what differs. The
   * handler reads them itself, since it alone knows what changes here meanwhile. Rejects if the store could not be asked: try again.
   */
  checkMembers(): Promise<void>;
  /** One user on another node. Entries of one node and user come in their order, but for some that are left out. */
  presence(entry: PresenceEntry): void;
  /** The node has ended; its users were there until then. */
  nodeGone(node: NodeId, lastSeenMs: number): void;
  /** This node's own entry, for the frames of lane 1. Of a user who has left: `connections: 0`. */
  entryOf(userId: string): PresenceEntry;
  /** Users with a session here. */
  localUsers(): Iterable<string>;
  /** Streams that are read here. */
  localStreams(): Iterable<StreamId>;
  /** The rooms of a user with a session here. */
  roomsOf(userId: string): ReadonlySet<string>;
  /** This node was declared dead: closes all connections, whose clients come back, and forgets its sessions and all other nodes' entries. */
  fenced(): void;
}
