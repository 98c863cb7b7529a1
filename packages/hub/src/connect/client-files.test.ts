import { expect, test } from 'vitest';
import { startServer } from './server.test-support.ts';

test.each(['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js'])(
  'serves %s and its map',
  async (name) => {
    const server = await startServer();
    const script = await fetch(`${server.url}/socket.io/${name}`);
    expect(script.status).toBe(200);
    expect(script.headers.get('content-type')).toBe('application/javascript; charset=utf-8');
    expect(script.headers.get('content-encoding')).toBe('gzip');
    expect(await script.text()).toContain('socket.io');
    const map = await fetch(`${server.url}/socket.io/${name}.map`);
    expect(map.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await map.json()).toHaveProperty('mappings');
  },
);

test('a browser that has the file already is told so', async () => {
  const server = await startServer();
  const url = `${server.url}/socket.io/socket.io.js`;
  const etag = (await fetch(url)).headers.get('etag') ?? '';
  expect(etag).toMatch(/^"\d/);
  for (const known of [etag, `W/${etag}`]) {
    expect((await fetch(url, { headers: { 'if-none-match': known } })).status).toBe(304);
  }
});

test('HEAD has no body, POST is not found, and nothing is served if it is switched off', async () => {
  const server = await startServer();
  const head = await fetch(`${server.url}/socket.io/socket.io.js`, { method: 'HEAD', headers: { 'accept-encoding': 'identity' } });
  expect(Number(head.headers.get('content-length'))).toBeGreaterThan(10_000);
  expect(await head.text()).toBe('');
  expect((await fetch(`${server.url}/socket.io/socket.io.js`, { method: 'POST' })).status).toBe(404);
  const without = await startServer({ serveClient: false });
  expect((await fetch(`${without.url}/socket.io/socket.io.js`)).status).toBe(404);
});
