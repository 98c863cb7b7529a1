import type { HttpPorts } from './ports.ts';
import { health, readiness } from './schemas.ts';
import type { App } from './type-provider.ts';

/** `GET /health`: the process serves and its store works. `GET /ready`: it takes new clients, which a load balancer asks. */
export function healthRoutes(app: App, ports: Pick<HttpPorts, 'health' | 'readiness'>): void {
  app.get('/health', { schema: { response: { 200: health, 503: health } } }, async (_request, reply) => {
    const state = await ports.health();
    return reply.code(state.status === 'failed' ? 503 : 200).send(state);
  });

  app.get('/ready', { schema: { response: { 200: readiness, 503: readiness } } }, async (_request, reply) => {
    const status = ports.readiness();
    return reply.code(status === 'ready' ? 200 : 503).send({ status });
  });
}
