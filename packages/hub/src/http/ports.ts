/** What the HTTP routes need of the hub. */
import type { Log } from '../ports/log.ts';
import type { RoomMember, RoomSummary, StoreCounts } from '../ports/store.ts';

export interface HttpPorts {
  readonly api: HttpApi;
  /** False once the hub drains. Before it is ready it has no routes that could be asked. */
  isReady(): boolean;
  readonly version: string;
  /** The name of the authentication method, as clients are told it in `connected`. */
  readonly auth: string;
  readonly log: Log;
}

/** The part of `HubApi` that the routes call. */
export interface HttpApi {
  stats(): Promise<Stats>;
  rooms(): Promise<readonly RoomSummary[]>;
  room(roomId: string): Promise<RoomSummary | undefined>;
  members(roomId: string): Promise<readonly RoomMember[]>;
}

export interface Stats {
  readonly uptimeMs: number;
  readonly pool: {
    readonly total: number;
    readonly registered: number;
    readonly users: number;
    readonly averagePerUser: number;
    readonly mostOfOneUser: number;
    readonly maxPerUser: number;
    readonly refused: number;
  };
  readonly connectionsByUser: Readonly<Record<string, number>>;
  readonly onlineUsers: readonly string[];
  readonly store: StoreCounts;
  readonly liveDropped: number;
}
