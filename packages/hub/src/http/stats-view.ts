import { userIdToWire } from '@parley/protocol';
import type { HubStats } from '../ports/stats.ts';
import type { Stats } from './schemas.ts';

/** The hub's numbers as the API and `GET /api/stats` show them. */
export function statsView({ uptimeMs, pool, users, store, liveDropped, slowClosed, strangers, vitals }: HubStats): Stats {
  return {
    status: 'success',
    connections: {
      total_connections: pool.total,
      online_users: users.length,
      connections_by_user: Object.fromEntries(users.map(({ userId, connections }) => [userId, connections])),
    },
    pool: {
      total_connections: pool.registered,
      users_with_connections: pool.users,
      max_per_user: pool.maxPerUser,
      avg_connections_per_user: Math.round(pool.averagePerUser * 100) / 100,
      max_of_one_user: pool.mostOfOneUser,
      refused: pool.refused,
    },
    online_users: users.map(({ userId }) => userIdToWire(userId)),
    queue: { queued: store.queued, expired: store.expired, dropped: store.dropped },
    messages: store.messages,
    rooms: store.rooms,
    uptime_seconds: Math.floor(uptimeMs / 1000),
    live_dropped: liveDropped,
    slow_closed: slowClosed,
    strangers,
    process: { resident_bytes: vitals.residentBytes, loop_delay_ms: rounded(vitals.loopDelayMs) },
  };
}

function rounded({ median, p99, max }: HubStats['vitals']['loopDelayMs']) {
  const round = (ms: number) => Math.round(ms * 10) / 10;
  return { median: round(median), p99: round(p99), max: round(max) };
}
