import type { HttpApi } from './ports.ts';
import { stats } from './schemas.ts';
import type { App } from './type-provider.ts';

/** `GET /api/stats`: who is here and what the hub holds. Nobody has shown who they are, so users who are invisible are left out. */
export function statsRoute(app: App, api: HttpApi): void {
  app.get('/api/stats', { schema: { response: { 200: stats } } }, () => api.stats({ visible_only: true }));
}
