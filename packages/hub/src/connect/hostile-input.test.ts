import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import { attach } from './attach.ts';
import type { TestServer } from './server.test-support.ts';
import { exchange, listen, PollingClient, SocketClient, startServer } from './server.test-support.ts';

const path = '/socket.io/?EIO=4&transport=';
const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';

/** Somebody else is served as before. */
async function expectAlive(server: TestServer): Promise<void> {
  const socket = await SocketClient.join(server.url);
  socket.send('42["alive"]');
  expect(await socket.next()).toBe('42["alive"]');
  expect(server.faults).toEqual([]);
}

describe('a handshake', () => {
  test.each([
    ['transport=constructor', 'EIO=4&transport=constructor', 0],
    ['transport=__proto__', 'EIO=4&transport=__proto__', 0],
    ['transport=toString', 'EIO=4&transport=toString', 0],
    ['no transport', 'EIO=4', 0],
    ['two transports', 'EIO=4&transport=polling&transport=polling', 0],
    ['EIO=2', 'EIO=2&transport=polling', 5],
    ['EIO=3 and a sid', 'EIO=3&transport=polling&sid=abc', 5],
    ['EIO=3 and JSONP', 'EIO=3&transport=polling&j=0', 3],
    ['EIO=99', 'EIO=99&transport=polling', 5],
    ['no EIO', 'transport=polling', 5],
    ['two EIO', 'EIO=4&EIO=3&transport=polling', 5],
    ['an unknown sid', 'EIO=4&transport=polling&sid=abc', 1],
    ['the sid __proto__', 'EIO=4&transport=polling&sid=__proto__', 1],
    ['an empty sid', 'EIO=4&transport=polling&sid=', 1],
    ['JSONP', 'EIO=4&transport=polling&j=0', 3],
    ['websocket without an upgrade', 'EIO=4&transport=websocket', 3],
  ])('with %s is refused', async (_name, query, code) => {
    const server = await startServer();
    const response = await fetch(`${server.url}/socket.io/?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code });
    expect(server.refused).toHaveLength(1);
    expect(server.protocol.sessionCount).toBe(0);
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('by %s is refused', async (method) => {
    const server = await startServer();
    const response = await fetch(`${server.url}${path}polling`, { method });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ code: 2, message: 'Bad handshake method' });
  });

  test('with 10,000 parameters and a prototype among them is just a handshake', async () => {
    const server = await startServer();
    const query = `${Array.from({ length: 1500 }, (_, index) => `p${index}=1`).join('&')}&__proto__[x]=1&__proto__=2`;
    const { status } = await fetch(`${server.url}${path}polling&${query}`);
    expect(status).toBe(200);
    await expectAlive(server);
  });

  test('with headers named like properties of objects is just a handshake', async () => {
    const server = await startServer();
    const reply = await exchange(server.port, `GET ${path}polling HTTP/1.1\r\nHost: x\r\n__proto__: x\r\nconstructor: y\r\n\r\n`, '}');
    expect(reply).toContain('200 OK');
  });

  test.each([
    ['17 KB of header', `X: ${'x'.repeat(17_000)}\r\n`],
    ['2,001 headers', 'a: b\r\n'.repeat(4001)],
  ])('with %s is refused by Node', async (_name, header) => {
    const server = await startServer();
    expect(await exchange(server.port, `GET ${path}polling HTTP/1.1\r\nHost: x\r\n${header}\r\n`)).toMatch(/^HTTP\/1.1 431/);
    await expectAlive(server);
  });

  test('above connectionsMax is told to wait, if nobody is a stranger', async () => {
    const server = await startServer({ connectionsMax: 2 });
    const first = await PollingClient.open(server.url);
    await first.join();
    await SocketClient.join(server.url);
    for (const connection of server.connections) connection.identified();
    const response = await fetch(`${server.url}${path}polling`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'overloaded' });
    await new SocketClient(server.url).closed;
    expect(server.refused).toEqual(['too_many_connections', 'too_many_connections']);
    await first.post('1');
    await SocketClient.open(server.url);
  });
});

describe('an origin', () => {
  const good = 'https://good.example';

  test.each([
    'https://good.example.evil.com',
    'https://evilgood.example',
    'null',
    'HTTPS://GOOD.EXAMPLE',
    'https://good.example:8443',
    'https://good.example.',
    'http://good.example',
    '',
  ])('"%s" is not the allowed one, over polling and WebSocket', async (origin) => {
    const server = await startServer({ corsOrigins: [good] });
    const response = await fetch(`${server.url}${path}polling`, { headers: { origin } });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 4, message: expect.stringContaining('cors.origins') });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    const upgrade = `GET ${path}websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}Origin: ${origin}\r\n\r\n`;
    expect(await exchange(server.port, upgrade)).toMatch(/^HTTP\/1.1 403/);
  });

  test('that is allowed may read the answer, and preflights are answered', async () => {
    const server = await startServer({ corsOrigins: [good] });
    const response = await fetch(`${server.url}${path}polling`, { headers: { origin: good } });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe(good);
    expect(response.headers.get('vary')).toBe('Origin');
    const preflight = await fetch(`${server.url}${path}polling`, {
      method: 'OPTIONS',
      headers: { origin: good, 'access-control-request-headers': 'x-token' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('x-token');
  });

  test('other than its own is refused if none are configured', async () => {
    const server = await startServer({ corsOrigins: false });
    expect((await fetch(`${server.url}${path}polling`, { headers: { origin: good } })).status).toBe(403);
    expect((await fetch(`${server.url}${path}polling`, { headers: { origin: server.url } })).status).toBe(200);
    expect((await fetch(`${server.url}${path}polling`, { method: 'OPTIONS' })).status).toBe(400);
  });
});

describe('an upgrade', () => {
  test.each([
    ['without a key', 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n', /^HTTP\/1.1 400/],
    [
      'with a short key',
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n',
      /^HTTP\/1.1 400/,
    ],
    ['to version 7', `Connection: Upgrade\r\nUpgrade: websocket\r\n${key.replace('13', '7')}`, /^HTTP\/1.1 4\d\d/],
    ['to h2c', `Connection: Upgrade\r\nUpgrade: h2c\r\n${key}`, /^HTTP\/1.1 400/],
    ['to two protocols', `Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n${key}`, /^HTTP\/1.1 400/],
    ['without the Upgrade header', `Connection: Upgrade\r\n${key}`, /^HTTP\/1.1 400/],
  ])('%s is refused', async (_name, headers, expected) => {
    const server = await startServer();
    const request = `GET ${path}websocket HTTP/1.1\r\nHost: x\r\n${headers}Connection: close\r\n\r\n`;
    expect(await exchange(server.port, request)).toMatch(expected);
    await expectAlive(server);
  });

  test.each([
    ['Sec-WebSocket-Protocol', `b${' '.repeat(12_000)}x`],
    ['Sec-WebSocket-Extensions', `a; b="${'\\c'.repeat(6000)}`],
    ['Sec-WebSocket-Extensions', 'constructor, __proto__; x=1'],
    ['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits=99'],
  ])('with a hostile %s costs nothing', async (name, value) => {
    const server = await startServer();
    const upgrade = `GET ${path}websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}${name}: ${value}\r\n\r\n`;
    const startedMs = performance.now();
    expect(await exchange(server.port, upgrade, '}')).toMatch(/^HTTP\/1.1 (?:400|101)/);
    expect(performance.now() - startedMs).toBeLessThan(200);
    await expectAlive(server);
  });

  test('that is refused and reset at once does no harm', async () => {
    const server = await startServer();
    for (const target of [`${path}polling`, '/elsewhere', `${path}websocket&sid=x`, '/socket.io/?EIO=3&transport=websocket']) {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`, () =>
        socket.resetAndDestroy(),
      );
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await expectAlive(server);
  });

  test('followed by junk is a broken WebSocket', async () => {
    const server = await startServer();
    const upgrade = `GET ${path}websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`;
    await exchange(server.port, Buffer.concat([Buffer.from(upgrade), Buffer.alloc(100, 0xf1)]));
    await expect.poll(() => server.closed).toEqual(['parse error']);
    await expectAlive(server);
  });
});

/** Upgrades a bare socket and sends these bytes; the close code that comes back, or undefined. */
async function closeCodeFor(server: TestServer, frames: Uint8Array): Promise<number | undefined> {
  const upgrade = `GET ${path}websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`;
  const reply = Buffer.from(await exchange(server.port, Buffer.concat([Buffer.from(upgrade), frames])), 'latin1');
  const at = reply.lastIndexOf(0x88);
  return at === -1 ? undefined : reply.readUInt16BE(at + 2);
}

/** A frame of a client whose mask is zero. */
const masked = (firstByte: number, ...payload: number[]): Buffer => Buffer.from([firstByte, 0x80 | payload.length, 0, 0, 0, 0, ...payload]);

describe('a frame', () => {
  test.each([
    ['without a mask', Buffer.from([0x81, 1, 0x34]), 1002],
    ['with RSV1', masked(0xc1, 0x34), 1002],
    ['with RSV2', masked(0xa1, 0x34), 1002],
    ['with opcode 3', masked(0x83), 1002],
    ['with opcode 11', masked(0x8b), 1002],
    ['of control, fragmented', masked(0x09), 1002],
    ['of control, too long', Buffer.from([0x89, 0xfe, 0, 126]), 1002],
    ['that continues nothing', masked(0x80, 0x34), 1002],
    ['with invalid UTF-8', masked(0x81, 0x34, 0xc3, 0x28), 1007],
    ['with overlong UTF-8', masked(0x81, 0xc0, 0xaf), 1007],
    ['with a surrogate in UTF-8', masked(0x81, 0xed, 0xa0, 0x80), 1007],
    ['with UTF-8 broken over fragments', Buffer.concat([masked(0x01, 0xc3), masked(0x80, 0x28)]), 1007],
    ['of 2^63 bytes', Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1009],
    ['of packetBytesMax + 1', Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x41]), 1009],
    ['that closes with code 0', masked(0x88, 0, 0), 1002],
    ['that closes with code 1005', masked(0x88, 0x03, 0xed), 1002],
    ['that closes with code 5000', masked(0x88, 0x13, 0x88), 1002],
    ['that closes with a reason that is no UTF-8', masked(0x88, 0x03, 0xe8, 0xc3, 0x28), 1007],
  ])('%s is answered with the code for it', async (_name, frames, code) => {
    const server = await startServer();
    expect(await closeCodeFor(server, frames)).toBe(code);
    await expect.poll(() => server.protocol.sessionCount).toBe(0);
    await expectAlive(server);
  });

  test('after frame without an end is cut off', async () => {
    const server = await startServer();
    expect(await closeCodeFor(server, Buffer.concat([masked(0x01, 0x34), ...Array.from({ length: 1500 }, () => masked(0x00))]))).toBe(1008);
    await expectAlive(server);
  });

  test('that is never finished is cut by the heartbeat', async () => {
    const server = await startServer({ pingIntervalMs: 50, pingTimeoutMs: 50 });
    await closeCodeFor(server, masked(0x01, 0x34));
    await expect.poll(() => server.closed).toEqual(['ping timeout']);
  });

  test('of ping in floods, with no pong read, keeps memory bounded', async () => {
    const server = await startServer({ pingIntervalMs: 100, pingTimeoutMs: 100 });
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write(`GET ${path}websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`);
    const pings = Buffer.concat(
      Array.from({ length: 1000 }, () => Buffer.concat([Buffer.from([0x89, 0xfd, 0, 0, 0, 0]), Buffer.alloc(125)])),
    );
    for (let count = 0; count < 50; count++) socket.write(pings);
    await expect.poll(() => server.closed).toEqual(['ping timeout']);
    socket.destroy();
  });
});

test('100,000 unsolicited pongs are ignored', async () => {
  const server = await startServer();
  const pong = masked(0x81, 0x33);
  const close = masked(0x81, 0x31);
  const frames = Buffer.concat([Buffer.alloc(100_000 * pong.length, pong), close]);
  expect(await closeCodeFor(server, frames)).toBe(1000);
  await expect.poll(() => server.closed).toEqual(['transport close']);
});

test('nesting of 400,000 levels is an event like any other, and costs no stack', async () => {
  const server = await startServer({}, (connection) => ({
    onEvent: ({ name, text }) => connection.send(new OutgoingPacket(`2["${name}",${text?.length}]`)),
    onPong() {},
    onDrain() {},
    onClose() {},
  }));
  const client = await PollingClient.open(server.url);
  await client.join();
  await client.post(`42["m",${'['.repeat(400_000)}${']'.repeat(400_000)}]`);
  expect((await client.get()).text).toBe('42["m",800006]');
});

test.each([
  '/socket.io/../admin',
  '/socket.io/%2e%2e/admin',
  '/socket.io//',
  '/socket.io/socket.io.js/..',
  '/socket.io/package.json',
  '/socket.io/__proto__',
])('the path %s is not found', async (target) => {
  const server = await startServer();
  const reply = await exchange(server.port, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  expect(reply).toMatch(/^HTTP\/1.1 404/);
});

test.each([
  ['both lengths', `POST ${path}polling HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['a folded header', `GET ${path}polling HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n`],
  ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
])('a request with %s is refused by Node', async (_name, bytes) => {
  const server = await startServer();
  expect(await exchange(server.port, Buffer.from(bytes, 'latin1'))).toMatch(/^HTTP\/1.1 400/);
  await expectAlive(server);
});

describe('attach', () => {
  test('lets a client that asks for HTTP/2 in passing have its answer', async () => {
    const server = await startServer();
    const headers = 'Host: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
    expect(await exchange(server.port, `GET /socket.io/socket.io.js HTTP/1.1\r\n${headers}\r\n`)).toMatch(/^HTTP\/1.1 200/);
  });

  test('leaves other requests and upgrades to the listeners of the server', async () => {
    const http = createServer((req, res) => res.end(`other ${req.url}`));
    const port = await listen(http);
    onTestFinished(() => {
      http.close();
      http.closeAllConnections();
    });
    attach(
      http,
      { path: '/hub/', handleRequest: (_req, res) => res.end('ours'), handleUpgrade: (_req, socket) => socket.end('ours') },
      { otherwise: (_req, res) => res.end(), onFault() {} },
    );
    expect(await (await fetch(`http://127.0.0.1:${port}/hub/x`)).text()).toBe('ours');
    expect(await (await fetch(`http://127.0.0.1:${port}/elsewhere`)).text()).toBe('other /elsewhere');
    const upgradeTo = (target: string) => `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    expect(await exchange(port, upgradeTo('/hub/'))).toBe('ours');
    expect(await exchange(port, upgradeTo('/elsewhere'))).toMatch(/^HTTP\/1.1 404/);
    http.on('upgrade', (req, socket) => req.url === '/elsewhere' && socket.end('other'));
    expect(await exchange(port, upgradeTo('/elsewhere'))).toBe('other');
  });

  test('passes requests to listeners that were added later, and outlives one that throws or rejects', async () => {
    const http = createServer();
    const faults: unknown[] = [];
    const target = { path: '/hub/', handleRequest: (_req: unknown, res: ServerResponse) => void res.end('ours'), handleUpgrade() {} };
    attach(http, target, { otherwise: (_req, res) => res.end('nobody else'), onFault: (error) => faults.push(error) });
    const url = `http://127.0.0.1:${await listen(http)}`;
    onTestFinished(() => {
      http.close();
      http.closeAllConnections();
    });
    expect(await (await fetch(url)).text()).toBe('nobody else');
    http.on('request', async ({ url: asked }, res) => {
      if (asked === '/rejects') throw new Error('rejected');
      res.end('other');
    });
    http.on('request', ({ url: asked }) => {
      if (asked === '/throws') throw new Error('thrown');
    });
    expect(await (await fetch(url)).text()).toBe('other');
    expect(await (await fetch(`${url}/hub/`)).text()).toBe('ours');
    expect((await fetch(`${url}/rejects`)).status).toBe(500);
    await (await fetch(`${url}/throws`)).text().catch(() => 'cut');
    expect(faults).toEqual([new Error('rejected'), new Error('thrown')]);
    expect(() => attach(http, target, { otherwise() {}, onFault() {} })).toThrow('is attached to this server at /hub/ already');
  });
});
