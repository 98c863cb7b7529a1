import { health, readiness } from './schemas.ts';
import type { App } from './type-provider.ts';

/** `GET /health`: the process serves. `GET /ready`: it takes new clients, which a load balancer asks. */
export function healthRoutes(app: App, isReady: () => boolean): void {
  app.get('/health', { schema: { response: { 200: health } } }, async () => ({ status: 'healthy' as const }));

  app.get('/ready', { schema: { response: { 200: readiness, 503: readiness } } }, async (_request, reply) => {
    if (isReady()) return { status: 'ready' as const };
    reply.code(503);
    return { status: 'draining' as const };
  });
}
