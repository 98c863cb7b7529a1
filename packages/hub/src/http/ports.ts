/** What the HTTP routes need of the hub. */
import type { Log } from '../ports/log.ts';
import type { HubStats } from '../ports/stats.ts';
import type { MembersPage, MembersQuery, RoomSummary, RoomsPage, RoomsQuery } from '../ports/store.ts';

export interface HttpPorts {
  readonly api: HttpApi;
  /** False once the hub drains. Before it is ready it has no routes that could be asked. */
  isReady(): boolean;
  readonly version: string;
  /** The name of the authentication method, as clients are told it in `connected`. */
  readonly auth: string;
  /** Where Socket.IO is answered, with a slash at both ends. */
  readonly socketPath: string;
  readonly log: Log;
}

/** The part of `HubApi` that the routes call. */
export interface HttpApi {
  stats(): Promise<HubStats>;
  rooms(query: RoomsQuery): Promise<RoomsPage>;
  room(roomId: string): Promise<RoomSummary | undefined>;
  members(query: Omit<MembersQuery, 'userId'>): Promise<MembersPage>;
}
