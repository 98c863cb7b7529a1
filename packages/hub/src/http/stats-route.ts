import { userIdToWire } from '@parley/protocol';
import type { HubStats } from '../ports/stats.ts';
import type { HttpApi } from './ports.ts';
import { stats } from './schemas.ts';
import type { App } from './type-provider.ts';

/** `GET /api/stats`: who is here and what the hub holds. */
export function statsRoute(app: App, api: HttpApi): void {
  app.get('/api/stats', { schema: { response: { 200: stats } } }, async () => statsView(await api.stats()));
}

function statsView({ uptimeMs, pool, connectionsByUser, onlineUsers, store, liveDropped, slowClosed, vitals }: HubStats) {
  return {
    status: 'success' as const,
    connections: {
      total_connections: pool.total,
      online_users: onlineUsers.length,
      connections_by_user: connectionsByUser,
    },
    pool: {
      total_connections: pool.registered,
      users_with_connections: pool.users,
      max_per_user: pool.maxPerUser,
      avg_connections_per_user: Math.round(pool.averagePerUser * 100) / 100,
      max_of_one_user: pool.mostOfOneUser,
      refused: pool.refused,
    },
    online_users: onlineUsers.map(userIdToWire),
    queue: { queued: store.queued, expired: store.expired, dropped: store.dropped },
    messages: store.messages,
    rooms: store.rooms,
    uptime_seconds: Math.floor(uptimeMs / 1000),
    live_dropped: liveDropped,
    slow_closed: slowClosed,
    process: { resident_bytes: vitals.residentBytes, loop_delay_ms: rounded(vitals.loopDelayMs) },
  };
}

function rounded({ median, p99, max }: HubStats['vitals']['loopDelayMs']) {
  const round = (ms: number) => Math.round(ms * 10) / 10;
  return { median: round(median), p99: round(p99), max: round(max) };
}
