/** What the HTTP routes need of the hub. */

import type { Replies, RoomView } from '@parley/protocol';
import type { Log } from '../ports/log.ts';
import type { NodeId, NodeSummary } from '../ports/shared-store.ts';
import type { Health, Readiness, RoomsPage, Stats } from './schemas.ts';
export interface HttpPorts {
  readonly api: HttpApi;
  /** Whether new clients are taken. Before they are, the hub has no routes that could be asked. */
  readiness(): Readiness;
  health(): Health | Promise<Health>;
  readonly version: string;
  /** The name of the authentication method, as clients are told it in `connected`. */
  readonly auth: string;
  /** Where Socket.IO is answered, with a slash at both ends. */
  readonly socketPath: string;
  readonly log: Log;
  /** Undefined for a hub alone. */
  readonly cluster?: ClusterView | undefined;
}

/** The cluster as this node sees it now. */
export interface ClusterView {
  readonly node: NodeId;
  readonly bus: 'up' | 'down';
  /** Without users who are invisible. */
  nodes(): Promise<readonly NodeSummary[]>;
}

/** The part of `HubApi` that the routes call. */
export interface HttpApi {
  stats(options: { readonly visible_only: boolean }): Promise<Stats>;
  rooms(query: { readonly after?: string; readonly limit?: number; readonly include_private: boolean }): Promise<RoomsPage>;
  room(roomId: string): Promise<RoomView | undefined>;
  members(
    roomId: string,
    page: { readonly after?: string; readonly limit?: number },
  ): Promise<Pick<Replies['members_page'], 'members' | 'has_more'>>;
}
