/** The same application on each framework: it answers GET / with its name, and has the `http.Server` that a hub goes on. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { serve } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';

export const servers = {
  async http(attach) {
    const server = createServer((_request, response) => response.end('http'));
    attach(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return server;
  },
  async express(attach) {
    const app = express();
    app.get('/', (_request, response) => response.send('express'));
    const server = createServer(app);
    attach(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return server;
  },
  async fastify(attach) {
    const app = fastify();
    app.get('/', async () => 'fastify');
    attach(app.server);
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server;
  },
  async hono(attach) {
    const app = new Hono();
    app.get('/', (context) => context.text('hono'));
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    attach(server);
    if (!server.listening) await once(server, 'listening');
    return server;
  },
};
