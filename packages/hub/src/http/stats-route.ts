import { limits } from '@parley/protocol';
import type { HttpApi } from './ports.ts';
import { type Stats, stats } from './schemas.ts';
import type { App } from './type-provider.ts';

/**
 * `GET /api/stats`: who is here and what the hub holds. Requests are not authenticated, so invisible users and private rooms are neither
 * named nor counted.
 */
export function statsRoute(app: App, api: HttpApi): void {
  app.get('/api/stats', { schema: { response: { 200: stats } } }, async () => withFewUsers(await api.stats({ visible_only: true })));
}

/** Names only the first of many users; the numbers beside the lists count all of them. */
function withFewUsers(all: Stats): Stats {
  const byUser = Object.entries(all.connections.connections_by_user).slice(0, limits.usersToldMax);
  return {
    ...all,
    connections: { ...all.connections, connections_by_user: Object.fromEntries(byUser) },
    online_users: all.online_users.slice(0, limits.usersToldMax),
  };
}
