/** Numbers about the hub, for those who run it. */
import type { StoreCounts } from './store.ts';

export interface PoolStats {
  readonly total: number;
  readonly registered: number;
  readonly users: number;
  readonly averagePerUser: number;
  readonly mostOfOneUser: number;
  readonly maxPerUser: number;
  /** Registrations refused because the user had too many connections, since the start. */
  readonly refused: number;
}

/** The state of the process. */
export interface Vitals {
  /** Resident memory, as the operating system counts it. */
  readonly residentBytes: number;
  /** By how much timers were late, since the last full minute. */
  readonly loopDelayMs: { readonly median: number; readonly p99: number; readonly max: number };
}

/** Connections whose client has not registered. */
export interface StrangerStats {
  readonly open: number;
  /** Closed in favour of others, since the start. */
  readonly displaced: number;
  /** Connections and requests that were refused, since the start. */
  readonly refused: number;
}

export interface HubStats {
  readonly uptimeMs: number;
  readonly pool: PoolStats;
  readonly users: readonly { readonly userId: string; readonly connections: number }[];
  readonly store: StoreCounts;
  /** Live-only events that were dropped because their receiver was behind. */
  readonly liveDropped: number;
  /** Connections that were closed because their clients no longer read. */
  readonly slowClosed: number;
  readonly strangers: StrangerStats;
  readonly vitals: Vitals;
}
