import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startServer } from './server.test-support.ts';

// What socket.io-client 2.5 turned into the event `error` with this sentence, over both transports, and after which it stayed away.
const opening = '0{"sid":"refused","upgrades":[],"pingInterval":25000,"pingTimeout":20000}';
const sentence =
  '44"This hub speaks Socket.IO protocol 5 (Engine.IO 4). Use a client library for it, such as socket.io-client 3 or 4 for JavaScript."';

test('a client of protocol 3 reads over polling why it is refused, and leaves nothing behind', async () => {
  const server = await startServer();
  const response = await fetch(`${server.url}/socket.io/?EIO=3&transport=polling&t=x&b64=1`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; charset=UTF-8');
  expect(await response.text()).toBe(`73:${opening}132:${sentence}2:411:1`);
  expect(server.refused).toEqual(['protocol_3']);
  expect(server.protocol.sessionCount).toBe(0);
});

test('a client of protocol 3 reads over WebSocket why it is refused, and is closed', async () => {
  const server = await startServer();
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=3&transport=websocket`);
  const received: string[] = [];
  ws.on('message', (data) => received.push(String(data)));
  await new Promise((resolve) => ws.on('close', resolve));
  expect(received).toEqual([opening, sentence, '41']);
  expect(server.refused).toEqual(['protocol_3']);
  expect(server.protocol.sessionCount).toBe(0);
});

test('pages that may not connect learn nothing by speaking protocol 3', async () => {
  const server = await startServer({ corsOrigins: 'local' });
  const headers = { origin: 'https://evil.example' };
  expect((await fetch(`${server.url}/socket.io/?EIO=3&transport=polling`, { headers })).status).toBe(403);
});
