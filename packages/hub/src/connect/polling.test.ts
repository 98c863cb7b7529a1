import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { OutgoingPacket, OutgoingRun } from '../lib/outgoing-packet.ts';
import type { TestServer } from './server.test-support.ts';
import { exchange, PollingClient, SocketClient, startServer } from './server.test-support.ts';

async function isGone(server: TestServer, sid: string): Promise<boolean> {
  const { status, text } = await new PollingClient(server.url, sid).get();
  return status === 400 && text === '{"code":1,"message":"Session ID unknown"}';
}

/** Opens a session, joins, and gives the server's side of it too. */
async function join(server: TestServer) {
  const client = await PollingClient.open(server.url);
  await client.join();
  const connection = server.connections.at(-1);
  if (connection === undefined) throw new Error('not joined');
  return { client, connection };
}

describe('a poll', () => {
  test('is answered at once if packets wait, with all of them, uncached', async () => {
    const server = await startServer();
    const { client, connection } = await join(server);
    connection.send(new OutgoingPacket('2["a"]'));
    connection.send(new OutgoingPacket('51-["b",{"_placeholder":true,"num":0}]', [Uint8Array.of(1, 2, 3, 4)]));
    const { text, headers } = await client.get();
    expect(text).toBe('42["a"]\x1e451-["b",{"_placeholder":true,"num":0}]\x1ebAQIDBA==');
    expect(headers.get('content-type')).toBe('text/plain; charset=UTF-8');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('takes of packets that were sent together as many as the stock Python client accepts', async () => {
    const server = await startServer();
    const { client, connection } = await join(server);
    const texts = Array.from({ length: 20 }, (_, index) => `2["message",${index}]`);
    connection.send(new OutgoingRun(texts));
    const bodies = [(await client.get()).text, (await client.get()).text].map((body) => body.split('\x1e'));
    expect(bodies.map((records) => records.length)).toEqual([16, 4]);
    expect(bodies.flat()).toEqual(texts.map((text) => `4${text}`));
  });

  test('leaves the rest of packets that were sent together to the WebSocket that takes over', async () => {
    const server = await startServer();
    const { client, connection } = await join(server);
    const texts = Array.from({ length: 20 }, (_, index) => `2["message",${index}]`);
    connection.send(new OutgoingRun(texts));
    expect((await client.get()).text.split('\x1e')).toHaveLength(16);
    const socket = new SocketClient(server.url, client.sid);
    await new Promise((resolve) => socket.ws.once('open', resolve));
    socket.send('5');
    expect(await socket.take(4)).toEqual(texts.slice(16).map((text) => `4${text}`));
  });

  test('takes at most packetBytesMax, but at least one packet', async () => {
    const server = await startServer({ packetBytesMax: 100 });
    const { client, connection } = await join(server);
    const sizes = [40, 40, 40, 300, 10];
    for (const size of sizes) connection.send(new OutgoingPacket('x'.repeat(size - 1)));
    const lengths: number[][] = [];
    while (lengths.flat().length < sizes.length) lengths.push((await client.get()).text.split('\x1e').map((record) => record.length));
    expect(lengths).toEqual([[40, 40], [40], [300], [10]]);
    expect(connection.bufferedBytes).toBe(0);
  });

  test('that is aborted ends the session', async () => {
    const server = await startServer();
    const { client } = await join(server);
    const abort = new AbortController();
    const arrived = server.arrival();
    const poll = client.get({ signal: abort.signal }).catch(() => 'aborted');
    await arrived;
    abort.abort();
    expect(await poll).toBe('aborted');
    await expect.poll(() => server.closed).toEqual(['transport close']);
  });

  test('beside another one ends the session', async () => {
    const server = await startServer();
    const { client } = await join(server);
    const [first, second] = await Promise.all([client.get(), client.get()]);
    expect([first, second].map(({ status }) => status).sort()).toEqual([200, 400]);
    expect([first.text, second.text]).toContain('1');
    expect(server.closed).toEqual(['transport error']);
    expect(await isGone(server, client.sid)).toBe(true);
  });

  test('is answered with a noop when the client closes', async () => {
    const server = await startServer();
    const { client } = await join(server);
    const arrived = server.arrival();
    const poll = client.get();
    await arrived;
    expect(await client.post('1')).toMatchObject({ status: 200, text: 'ok' });
    expect((await poll).text).toBe('6');
    expect(server.closed).toEqual(['transport close']);
  });

  test('whose answer is cut before it was taken whole ends the session, so that nothing is lost unseen', async () => {
    const server = await startServer({ bufferBytesMax: 100_000_000, packetBytesMax: 50_000_000 });
    const { client, connection } = await join(server);
    connection.identified();
    connection.send(new OutgoingPacket('x'.repeat(40_000_000)));
    const response = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling&sid=${client.sid}`);
    await response.body?.cancel();
    await expect.poll(() => server.closed).toEqual(['transport close']);
  });
});

describe('a post', () => {
  test('takes several packets, in order, and ignores what follows a close', async () => {
    const server = await startServer();
    const { client } = await join(server);
    expect(await client.post('42["x",1]\x1e42["x",2]')).toMatchObject({ status: 200, text: 'ok' });
    expect((await client.get()).text).toBe('42["x",1]\x1e42["x",2]');
    await client.post('1\x1e42{}');
    expect(server.closed).toEqual(['transport close']);
  });

  test('of any content type is answered', async () => {
    const server = await startServer();
    const { client } = await join(server);
    expect(await client.post('42["x",1]', { 'content-type': 'application/octet-stream' })).toMatchObject({ status: 200, text: 'ok' });
    expect((await client.get()).text).toBe('42["x",1]');
  });

  test('above packetBytesMax is told so, and ends the session', async () => {
    const server = await startServer({ packetBytesMax: 1000 });
    const { client } = await join(server);
    const { status, text } = await client.post(`4${'x'.repeat(1000)}`);
    expect(status).toBe(413);
    expect(JSON.parse(text)).toMatchObject({ status: 'error', code: 'packet_too_large' });
    expect(server.closed).toEqual(['parse error']);
    expect(server.refused).toEqual(['packet_too_large']);
  });

  test('without a length is cut at the limit, not read to its end', async () => {
    const server = await startServer({ packetBytesMax: 1000 });
    const { client } = await join(server);
    let sentBytes = 0;
    const endless = new ReadableStream({
      async pull(controller) {
        await new Promise(setImmediate);
        sentBytes += 500;
        controller.enqueue(new Uint8Array(500).fill(52));
      },
    });
    expect(await client.post(endless)).toMatchObject({ status: 413 });
    expect(sentBytes).toBeLessThan(1_000_000);
    expect(server.closed).toEqual(['parse error']);
  });

  test('that announces too much is refused before it comes', async () => {
    const server = await startServer();
    const { client } = await join(server);
    const head = `POST /socket.io/?EIO=4&transport=polling&sid=${client.sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000001\r\n\r\n`;
    expect(await exchange(server.port, head, '}')).toContain('413');
  });

  test('beside another one ends the session', async () => {
    const server = await startServer();
    const { client } = await join(server);
    const head = `POST /socket.io/?EIO=4&transport=polling&sid=${client.sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n42`;
    const arrived = server.arrival();
    const slow = exchange(server.port, head);
    await arrived;
    expect(await client.post('42["x"]')).toMatchObject({ status: 400 });
    expect(server.closed).toEqual(['transport error']);
    server.http.closeAllConnections();
    await slow;
  });

  test('that is cut in the middle ends the session', async () => {
    const server = await startServer();
    const { client } = await join(server);
    const head = `POST /socket.io/?EIO=4&transport=polling&sid=${client.sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n42`;
    const arrived = server.arrival();
    const slow = exchange(server.port, head);
    await arrived;
    server.http.closeAllConnections();
    await slow;
    await expect.poll(() => server.closed).toEqual(['transport close']);
  });

  test.each([
    ['a compressed body', gzipSync('42["x"]'), { 'content-encoding': 'gzip' }, 415],
    ['an empty body', '', {}, 400],
    ['an unknown packet type', '7', {}, 400],
    ['a type that is no digit', 'x', {}, 400],
    ['bad base64', 'b@@@@', {}, 400],
    ['a million separators', '\x1e'.repeat(999_999), {}, 400],
    ['500,000 pongs', '3\x1e'.repeat(499_999), {}, 400],
    ['bytes that are no UTF-8', Uint8Array.from([0x34, 0x32, 0xc3, 0x28]), {}, 400],
    ['a ping', '2', {}, 400],
    ['a Socket.IO packet that is none', '42{}', {}, 400],
    ['a binary message that nothing announced', 'bAQIDBA==', {}, 400],
  ])('with %s is refused, and ends the session', async (_name, body, headers, status) => {
    const server = await startServer();
    const { client } = await join(server);
    const other = await join(server);
    const startedMs = performance.now();
    const sent = typeof body === 'string' ? body : Uint8Array.from(body);
    expect(await client.post(sent, headers)).toMatchObject({ status });
    expect(performance.now() - startedMs).toBeLessThan(500);
    expect(server.closed).toEqual(['parse error']);
    expect(await isGone(server, client.sid)).toBe(true);
    await other.client.post('42["still","here"]');
    expect((await other.client.get()).text).toBe('42["still","here"]');
  });
});

test('closing answers a poll with what is queued, and the next one with the close', async () => {
  const server = await startServer({ closeTimeoutMs: 5000 });
  const { client, connection } = await join(server);
  const arrived = server.arrival();
  const poll = client.get();
  await arrived;
  connection.send(new OutgoingPacket('2["last"]'));
  connection.close('server namespace disconnect');
  expect((await poll).text).toBe('42["last"]\x1e41');
  expect((await client.get()).text).toBe('1');
  await expect.poll(() => server.closed).toEqual(['server namespace disconnect']);
  expect(await isGone(server, client.sid)).toBe(true);
});

test('polls of clients that vanish leave nothing behind', async () => {
  const server = await startServer();
  const clients = await Promise.all(Array.from({ length: 200 }, () => PollingClient.open(server.url)));
  const polls = clients.map((client) => client.get().catch(() => 'cut'));
  await Promise.all(clients.map(() => server.arrival()));
  server.http.closeAllConnections();
  await Promise.all(polls);
  await expect.poll(() => server.protocol.sessionCount).toBe(0);
  expect(server.closed).toHaveLength(200);
});
