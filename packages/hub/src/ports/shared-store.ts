/**
 * A store that several nodes share. Each node writes through lanes: ordered queues whose position grows by one with each commit, in the
 * transaction of the commit. Who has heard of all positions of a lane has missed nothing of it.
 */
import type { Store, StoredMessage, StreamId, StreamPosition } from './store.ts';

/** Given to a process when it joins, and never again. */
export type NodeId = number;

/** Messages are written through lane 0, everything else that others have to know through lane 1. */
export type Lane = 0 | 1;

export interface LanePosition {
  readonly node: NodeId;
  readonly lane: Lane;
  readonly position: number;
}

/** What a commit of lane 1 has changed for others. */
export type News =
  /** Sessions of the user on that node, or what it chose: to be looked up in its presence. */
  | { readonly kind: 'user'; readonly userId: string }
  | {
      readonly kind: 'joined';
      readonly roomId: string;
      readonly userId: string;
      readonly joinedSeq: number;
      readonly memberCount: number;
      readonly membersVersion: number;
    }
  | {
      readonly kind: 'left';
      readonly roomId: string;
      readonly userId: string;
      /** Up to here the user was a member. */
      readonly leftSeq?: number | undefined;
      readonly memberCount: number;
      readonly membersVersion: number;
    }
  | { readonly kind: 'deleted'; readonly roomId: string; readonly membersVersion: number };

/** One commit, as the other nodes should hear of it. */
export interface Commit {
  readonly lane: Lane;
  readonly position: number;
  /** In `seq` order for each stream. */
  readonly messages: readonly SharedMessage[];
  readonly news: readonly News[];
}

/** `membersVersion`: how often the members of the message's room had changed when it was appended; undefined for direct messages. */
export type SharedMessage = StoredMessage & { readonly membersVersion?: number | undefined };

export interface NodeInfo {
  readonly node: NodeId;
  /** Where the other nodes reach its internal listener: `host:port`; empty if it has none. */
  readonly address: string;
  readonly startedMs: number;
  /** Grows while the node lives. */
  readonly beat: number;
  /** The store's clock at the last beat. */
  readonly beatAtMs: number;
}

/** A node as an operator sees it. */
export interface NodeSummary extends Pick<NodeInfo, 'node' | 'address' | 'startedMs'> {
  /** Since its last beat, by the store's clock. */
  readonly silentMs: number;
  readonly users: number;
  readonly connections: number;
  /** Commits of messages since its start. */
  readonly commits: number;
}

export interface NodeSessions {
  readonly userId: string;
  readonly node: NodeId;
  readonly connections: number;
}

export interface RoomMembership {
  readonly userId: string;
  readonly roomId: string;
  readonly joinedSeq: number;
}

export interface SharedStore extends Store {
  /** This process; a new one after `rejoin`. */
  readonly node: NodeId;
  /** One more beat of this node. False: it was declared dead, and can't commit any more. Rejects if the store can't be reached. */
  beat(): Promise<boolean>;
  /** The lanes of all nodes that have not ended. */
  positions(): Promise<readonly LanePosition[]>;
  /** Streams without messages are left out. */
  heads(streams: readonly StreamId[]): Promise<readonly StreamPosition[]>;
  /** The memberships of these users. */
  memberships(userIds: readonly string[]): Promise<readonly RoomMembership[]>;
  /** How often the members of these rooms have changed. */
  membersVersions(roomIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** The sessions of all users on all nodes. */
  sessions(): Promise<readonly NodeSessions[]>;
  /** Nodes that have not ended. */
  nodes(): Promise<readonly NodeInfo[]>;
  /**
   * Ends another node if its beat is still this one: it can commit nothing from then on, and everything may have been written to the readers
   * that were open there. False: it has beaten since.
   */
  declareDead(node: NodeId, beat: number): Promise<boolean>;
  /** This node was declared dead: goes on under a new number, with no session open. */
  rejoin(): Promise<void>;
  /** The value that all nodes agree on: the one that is stored, or this one if there is none. */
  agree(key: string, value: string): Promise<string>;
}

export interface SharedStoreHooks {
  /** After a commit of this node, when its callers were answered. */
  readonly onCommit: (commit: Commit) => void;
}
