import { once } from 'node:events';
import { connect } from 'node:net';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import { SystemRandom } from '../lib/random.ts';
import { secret, startGate, startTwo } from './cluster.test-support.ts';
import { forwardSeal, sealHeader } from './forward-seal.ts';
import { forwardPath, startInternalListener } from './internal-listener.ts';
import { exchange, PollingClient, SocketClient } from './server.test-support.ts';
import { ownersInCluster } from './session-owners.ts';

const unknown = { status: 400, text: '{"code":1,"message":"Session ID unknown"}' };

/** A session of the second node, and its client at the first one. */
async function startAway(...[options, accept]: Parameters<typeof startTwo>) {
  const { first, second, table } = await startTwo(options, accept);
  const { sid } = await PollingClient.open(second.url);
  const home = new PollingClient(second.url, sid);
  const client = new PollingClient(first.url, sid);
  await client.join();
  const [connection] = second.connections;
  if (connection === undefined) throw new Error('not joined');
  second.forwarded.length = 0;
  return { first, second, table, sid, home, client, connection };
}

/** The same, with a gate between the nodes. */
async function startBehindGate() {
  const away = await startAway();
  const gate = await startGate(away.second.internal.port);
  away.table.set(2, gate.address);
  return { ...away, gate };
}

/** The poll has come to its session. */
async function pollIsThere({ forwarded }: { readonly forwarded: readonly string[] }): Promise<void> {
  await expect.poll(() => forwarded).toContain('GET');
}

describe('a session of another node', () => {
  test('is served over polling, with the CORS headers of the node that was asked', async () => {
    const { second, client } = await startAway({ corsOrigins: ['https://app.example'] });
    const origin = { origin: 'https://app.example' };
    expect(await client.post('42["a",1]\x1e42["b",2]', origin)).toMatchObject({ status: 200, text: 'ok' });
    const { status, text, headers } = await client.get({ headers: origin });
    expect([status, text]).toEqual([200, '42["a",1]\x1e42["b",2]']);
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(headers.get('content-type')).toBe('text/plain; charset=UTF-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(second.forwarded).toEqual(['POST', 'GET']);
  });

  test('a page that may not connect gets no further than the node that it asks', async () => {
    const { second, client } = await startAway({ corsOrigins: ['https://app.example'] });
    expect((await client.get({ headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect(second.forwarded).toEqual([]);
  });

  test('a preflight is answered where it comes in', async () => {
    const { second, client } = await startAway();
    expect((await client.get({ method: 'OPTIONS' })).status).toBe(204);
    expect(second.forwarded).toEqual([]);
  });

  test('is upgraded, and the WebSocket takes over', async () => {
    const { first, sid, connection } = await startAway();
    const socket = new SocketClient(first.url, sid);
    await once(socket.ws, 'open');
    socket.send('2probe');
    expect(await socket.next()).toBe('3probe');
    socket.send('5', '42["x"]');
    expect(await socket.next()).toBe('42["x"]');
    expect(connection.transport).toBe('websocket');
    const closed = socket.closed;
    connection.close('server shutting down');
    expect(await closed).toBe(1001);
  });

  test('knows the client by the address of its handshake', async () => {
    const { connection } = await startAway();
    expect(connection.handshake.address).toBe('127.0.0.1');
  });

  test('a poll, a body and an answer may each take longer than an owner may be silent', async () => {
    const { second, client, connection } = await startAway();
    const poll = client.get();
    await pollIsThere(second);
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode('42["slow'));
        await new Promise((resolve) => setTimeout(resolve, 1300));
        controller.enqueue(new TextEncoder().encode('"]'));
        controller.close();
      },
    });
    expect(await client.post(body)).toMatchObject({ status: 200 });
    expect((await poll).text).toBe('42["slow"]');
    connection.hold();
    const posts = client.post('42["held"]\x1e42["held"]');
    await new Promise((resolve) => setTimeout(resolve, 1300));
    connection.release();
    expect(await posts).toMatchObject({ status: 200, text: 'ok' });
  });

  test('a client that breaks off its poll is missed by the owner', async () => {
    const { second, client } = await startAway();
    const abort = new AbortController();
    const poll = client.get({ signal: abort.signal });
    await pollIsThere(second);
    abort.abort();
    await expect(poll).rejects.toThrow();
    await expect.poll(() => second.closed).toEqual(['transport close']);
  });

  test('a client that breaks off its body is missed by the owner', async () => {
    const { first, second, sid } = await startAway();
    const socket = connect(first.port, '127.0.0.1');
    socket.write(`POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n42["cut`);
    await expect.poll(() => second.forwarded).toContain('POST');
    socket.destroy();
    await expect.poll(() => second.closed).toEqual(['transport close']);
  });

  test('two polls at a time end it, as at its own node', async () => {
    const { second, home, client } = await startAway();
    const poll = client.get();
    await pollIsThere(second);
    expect(await home.get()).toMatchObject({ status: 400, text: '{"code":3,"message":"Bad request"}' });
    await poll;
    expect(second.closed).toEqual(['transport error']);
  });
});

describe('limits hold for forwarded bodies', () => {
  const options = { packetBytesMax: 10_000 };

  test.each([
    ['a body that is too large', 413, 'x'.repeat(10_001), {}],
    ['one of unknown length', 413, new Blob(['x'.repeat(20_000)]).stream(), {}],
    ['one that is not UTF-8', 400, Uint8Array.of(0x34, 0xff, 0xfe), {}],
    ['one that is compressed', 415, 'x', { 'content-encoding': 'gzip' }],
  ])('%s', async (_what, status, body, headers) => {
    const { second, client } = await startAway(options);
    expect(await client.post(body, headers)).toMatchObject({ status });
    expect(second.closed).toEqual(['parse error']);
    expect(await client.get()).toMatchObject(unknown);
  });

  test('a body without end is cut', async () => {
    const { first, sid, second } = await startAway(options);
    const socket = connect(first.port, '127.0.0.1');
    let sentBytes = 0;
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => {});
    socket.write(`POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n`);
    const chunk = Buffer.alloc(10_000, 'x');
    // Written once more after an error, a socket that is not destroyed yet would keep all of it.
    const more = (error?: Error | null): void => {
      if (error || socket.destroyed) return;
      sentBytes += chunk.length;
      socket.write(chunk, more);
    };
    more();
    await closed;
    expect(sentBytes).toBeLessThan(50_000_000);
    expect(second.closed).toEqual(['parse error']);
  });

  test('the number of connections to other nodes is limited', async () => {
    const { second, client, first, home } = await startAway({ forwardedMax: 1 });
    const poll = client.get();
    await pollIsThere(second);
    expect(await client.post('42["x"]')).toMatchObject({ status: 503 });
    expect(first.refused).toEqual(['too_many_connections']);
    await home.post('42["y"]');
    expect((await poll).text).toBe('42["y"]');
  });

  test('what a client does not read waits at its session, not between the nodes', async () => {
    const { first, sid, connection } = await startAway({ bufferBytesMax: 100_000_000, strangersBytesMax: 100_000_000 });
    const socket = new SocketClient(first.url, sid);
    await once(socket.ws, 'open');
    socket.send('2probe', '5');
    await expect.poll(() => connection.transport).toBe('websocket');
    socket.ws.pause();
    const text = 'x'.repeat(100_000);
    for (let count = 0; count < 400; count += 1) connection.send(new OutgoingPacket(`2["large","${text}"]`));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(connection.bufferedBytes).toBeGreaterThan(15_000_000);
    socket.ws.resume();
    expect(await socket.take(401)).toHaveLength(401);
    expect(connection.bufferedBytes).toBe(0);
  });
});

describe('ids that were made up', () => {
  test.each([
    ['under another secret', () => ownersInCluster('other', { node: 2, addressOf: () => undefined }, new SystemRandom()).newId()],
    ['cut', (sid: string) => sid.slice(0, -1)],
    ['with an address', () => '127.0.0.1:80.x.y'],
    ['with a changed random part', (sid: string) => sid.replace(/\.../, '.xx')],
  ])('%s: unknown, and the other node is not asked', async (_what, change) => {
    const { first, second, sid } = await startAway();
    expect(await new PollingClient(first.url, change(sid)).get()).toMatchObject(unknown);
    const socket = new SocketClient(first.url, change(sid));
    expect(await socket.closed).toBe(1006);
    expect(second.forwarded).toEqual([]);
  });

  test('a right id of a session that is over is unknown', async () => {
    const { first, second } = await startAway();
    const { sid } = await PollingClient.open(second.url);
    await new PollingClient(second.url, sid).post('1');
    expect(await new PollingClient(first.url, sid).get()).toMatchObject(unknown);
  });
});

describe('the internal listener', () => {
  const ask = (port: number, path: string, header = '') =>
    exchange(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${header === '' ? '' : `${sealHeader}: ${header}\r\n`}\r\n`);
  const askToUpgrade = (port: number, path: string, header: string) =>
    exchange(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${sealHeader}: ${header}\r\n\r\n`);

  test('answers nobody without the secret', async () => {
    const { second, sid } = await startAway();
    const { port } = second.internal;
    const forged = forwardSeal('other', new SystemRandom())('GET', forwardPath(sid));
    for (const path of ['/session/x', '/', '/health', '/socket.io/?EIO=4&transport=polling', forwardPath(sid)]) {
      expect(await ask(port, path)).toMatch(/^HTTP\/1.1 403 /);
      expect(await ask(port, path, forged)).toMatch(/^HTTP\/1.1 403 /);
      expect(await askToUpgrade(port, path, forged)).toMatch(/^HTTP\/1.1 403 /);
    }
    expect(second.forwarded).toEqual([]);
  });

  test('serves nothing but sessions to those who have it', async () => {
    const { second } = await startAway();
    const seal = forwardSeal(secret, new SystemRandom());
    for (const path of ['/', '/health', '/socket.io/?EIO=4&transport=polling', '/session/', '/session/a/b']) {
      expect(await ask(second.internal.port, path, seal('GET', path))).toMatch(/^HTTP\/1.1 403 /);
    }
    expect(await ask(second.internal.port, '/session/x', seal('GET', '/session/x'))).toMatch(/^HTTP\/1.1 400 .*Session ID unknown/s);
    expect(second.forwarded).toEqual(['GET']);
  });

  test('believes a request once', async () => {
    const { second } = await startAway();
    const header = forwardSeal(secret, new SystemRandom())('GET', '/session/x');
    expect(await ask(second.internal.port, '/session/x', header)).toMatch(/^HTTP\/1.1 400 /);
    expect(await ask(second.internal.port, '/session/x', header)).toMatch(/^HTTP\/1.1 403 /);
  });

  test('headers for it mean nothing at the address for clients', async () => {
    const { first, second, sid } = await startAway();
    const header = forwardSeal(secret, new SystemRandom())('GET', forwardPath(sid));
    expect(await ask(first.port, forwardPath(sid), header)).toMatch(/^HTTP\/1.1 404 /);
    expect(await ask(first.port, `/socket.io/?EIO=4&transport=polling&sid=${sid}x`, header)).toMatch(/^HTTP\/1.1 400 /);
    expect(second.forwarded).toEqual([]);
  });

  test('can not be started where somebody listens already', async () => {
    const { second } = await startTwo();
    const { port } = second.internal;
    const again = startInternalListener({ host: '127.0.0.1', port }, systemClock);
    await expect(again).rejects.toThrow('EADDRINUSE');
  });

  test('never sends a request on: a table that leads in a circle ends at the first step', async () => {
    const { first, second, table, sid } = await startAway({ forwardedMax: 5 });
    table.set(2, `127.0.0.1:${first.internal.port}`);
    expect(await new PollingClient(first.url, sid).get()).toMatchObject(unknown);
    expect(first.forwarded).toEqual(['GET']);
    expect(second.forwarded).toEqual([]);
    const socket = new SocketClient(first.url, sid);
    expect(await socket.closed).toBe(1006);
    expect(first.forwarded).toEqual(['GET', 'upgrade']);
  });
});

describe('an owner that is gone', () => {
  let away: Awaited<ReturnType<typeof startBehindGate>>;
  beforeEach(async () => {
    away = await startBehindGate();
  });
  const upgradeAnswer = (port: number, sid: string) =>
    exchange(
      port,
      `GET /socket.io/?EIO=4&transport=websocket&sid=${sid} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );

  test('refuses: whatever is asked of its sessions, they are unknown', async () => {
    const { first, client, gate, sid } = away;
    gate.cut();
    expect(await client.get()).toMatchObject(unknown);
    expect(await client.post('42["x"]')).toMatchObject(unknown);
    expect(await client.post('x'.repeat(900_000))).toMatchObject(unknown);
    expect(await upgradeAnswer(first.port, sid)).toMatch(/^HTTP\/1.1 400 .*Session ID unknown/s);
    expect(first.refused).toEqual(Array(4).fill('owner_gone'));
  });

  test('ends while polls wait: they are answered', async () => {
    const { second, client, gate } = away;
    const poll = client.get();
    await pollIsThere(second);
    gate.cut();
    expect(await poll).toMatchObject(unknown);
  });

  test('is silent for a second: its sessions are unknown, large bodies or not', async () => {
    const { first, client, gate, sid } = away;
    gate.freeze();
    const startMs = performance.now();
    const answers = await Promise.all([
      client.get(),
      client.post('42["x"]'),
      client.post('x'.repeat(900_000)),
      upgradeAnswer(first.port, sid),
    ]);
    const tookMs = performance.now() - startMs;
    for (const answer of answers.slice(0, 3)) expect(answer).toMatchObject(unknown);
    expect(answers[3]).toMatch(/^HTTP\/1.1 400 .*Session ID unknown/s);
    expect(tookMs).toBeGreaterThan(900);
    expect(tookMs).toBeLessThan(3000);
  });

  test('freezes while a poll waits and a WebSocket is open: both end once the table of nodes says so', async () => {
    const { first, second, client, gate, table } = away;
    const { sid } = await PollingClient.open(second.url);
    const socket = new SocketClient(first.url, sid);
    await once(socket.ws, 'open');
    socket.send('2probe', '5', '40');
    await socket.take(2);
    const poll = client.get();
    await pollIsThere(second);
    gate.freeze();
    table.delete(2);
    expect(await poll).toMatchObject(unknown);
    expect(await socket.closed).toBe(1006);
  });

  test('a WebSocket ends with the connection to its owner, and the owner misses a client that is gone', async () => {
    const { first, second, gate } = away;
    const open = async () => {
      const { sid } = await PollingClient.open(second.url);
      const socket = new SocketClient(first.url, sid);
      await once(socket.ws, 'open');
      socket.send('2probe', '5', '40');
      await socket.take(2);
      return socket;
    };
    const [leaving, staying] = [await open(), await open()];
    leaving.ws.terminate();
    await expect.poll(() => second.closed).toEqual(['transport close']);
    gate.cut();
    expect(await staying.closed).toBe(1006);
  });
});

test('what is open for sessions of other nodes ends with the server', async () => {
  const { first, second, client } = await startAway();
  const poll = client.get();
  await pollIsThere(second);
  await first.protocol.close();
  expect(await poll).toMatchObject(unknown);
  expect(await client.get()).toMatchObject(unknown);
});

test('1,000 requests go over few connections, and leave nothing behind', async () => {
  const { client, gate } = await startBehindGate();
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  for (let count = 0; count < 500; count += 1) {
    const [poll, post] = await Promise.all([client.get(), client.post('42["x"]')]);
    expect([poll.status, post.status]).toEqual([200, 200]);
  }
  expect(gate.opened).toBeLessThanOrEqual(4);
  expect(warnings).toEqual([]);
});
