/** The contract's HTTP section: a page, health, statistics and rooms. It reads through `HubApi` and writes nothing. */

import type { RequestListener } from 'node:http';
import { fastify } from 'fastify';
import { answerNotFound, errorAnswerer, refuseOtherMethods } from './failures.ts';
import { healthRoutes } from './health-routes.ts';
import { nodesRoute } from './nodes-route.ts';
import { readPageFiles } from './page-files.ts';
import { pageRoutes } from './page-routes.ts';
import type { HttpPorts } from './ports.ts';
import { roomRoutes } from './room-routes.ts';
import { statsRoute } from './stats-route.ts';
import type { App } from './type-provider.ts';

/** Ids have up to 128 characters, of which each is up to 12 when it is written as UTF-8 in percent signs. */
const paramCharactersMax = 128 * 12;

const otherMethods = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** A listener for an HTTP server's requests, ready to answer. It never throws. */
export async function createHttpHandler(ports: HttpPorts): Promise<RequestListener> {
  const { api, version, auth, socketPath, log, cluster } = ports;
  const answerError = errorAnswerer(log);
  const app: App = fastify({ routerOptions: { maxParamLength: paramCharactersMax }, frameworkErrors: answerError, exposeHeadRoutes: true });
  app.setNotFoundHandler(answerNotFound);
  app.setErrorHandler(answerError);
  app.addHook('onRequest', refuseOtherMethods);
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  });

  const paths = new Set<string>();
  app.addHook('onRoute', ({ url }) => {
    paths.add(url);
  });
  healthRoutes(app, ports);
  statsRoute(app, api);
  roomRoutes(app, api);
  if (cluster !== undefined) nodesRoute(app, cluster);
  // Relative to the page, which may stand below a path of a proxy.
  const files = await readPageFiles({ version, auth, socketPath: socketPath.replace(/^\//, ''), isCluster: String(cluster !== undefined) });
  pageRoutes(app, files, { version, socketPath });
  // Known to the router, so that a wrong method is told from a wrong path.
  for (const url of [...paths]) app.route({ method: otherMethods, url, handler: answerNotFound });

  await app.ready();
  return app.routing;
}
