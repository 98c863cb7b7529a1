import { once } from 'node:events';
import { expect, test } from 'vitest';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { TestServer } from './server.test-support.ts';
import { PollingClient, SocketClient, startServer } from './server.test-support.ts';

async function joinByPolling(server: TestServer) {
  const client = await PollingClient.open(server.url);
  await client.join();
  const connection = server.connections.at(-1);
  if (connection === undefined) throw new Error('not joined');
  return { client, connection };
}

async function probe(server: TestServer, sid: string): Promise<SocketClient> {
  const socket = new SocketClient(server.url, sid);
  await once(socket.ws, 'open');
  socket.send('2probe');
  expect(await socket.next()).toBe('3probe');
  return socket;
}

test('packets are in order across the upgrade', async () => {
  const server = await startServer();
  const { client, connection } = await joinByPolling(server);
  const arrived = server.arrival();
  const poll = client.get();
  await arrived;
  const socket = await probe(server, client.sid);
  expect((await poll).text).toBe('6');
  connection.send(new OutgoingPacket('2["polled"]'));
  expect((await client.get()).text).toBe('42["polled"]');
  connection.send(new OutgoingPacket('2["kept",1]'));
  connection.send(new OutgoingPacket('2["kept",2]'));
  expect(connection.transport).toBe('polling');
  socket.send('5', '42["after"]');
  expect(await socket.take(3)).toEqual(['42["kept",1]', '42["kept",2]', '42["after"]']);
  expect(connection.transport).toBe('websocket');
});

test('a poll that comes after the probe is answered too, so that the client can stop', async () => {
  const server = await startServer();
  const { client } = await joinByPolling(server);
  await probe(server, client.sid);
  expect((await client.get()).text).toBe('6');
  expect((await client.get()).text).toBe('6');
});

test('a poll still open at the end of the upgrade is answered, and polling is over', async () => {
  const server = await startServer();
  const { client } = await joinByPolling(server);
  const socket = await probe(server, client.sid);
  const arrived = server.arrival();
  const poll = client.get();
  await arrived;
  socket.send('5', '42["x"]');
  expect((await poll).text).toBe('6');
  expect(await socket.next()).toBe('42["x"]');
  expect(await client.get()).toMatchObject({ status: 400, text: '{"code":3,"message":"Bad request"}' });
  expect(await client.post('42["y"]')).toMatchObject({ status: 400 });
  socket.send('42["z"]');
  expect(await socket.next()).toBe('42["z"]');
});

test.each([
  ['nothing was sent', []],
  ['the probe', ['2probe']],
])('a WebSocket that goes after %s leaves polling as it was, and another may try', async (_name, packets) => {
  const server = await startServer();
  const { client } = await joinByPolling(server);
  const first = new SocketClient(server.url, client.sid);
  await once(first.ws, 'open');
  first.send(...packets);
  if (packets.length > 0) await first.next();
  first.ws.terminate();
  await client.post('42["x"]');
  expect((await client.get()).text).toBe('42["x"]');
  const second = await probe(server, client.sid);
  second.send('5', '42["y"]');
  expect(await second.next()).toBe('42["y"]');
});

test.each([
  ['a message before the upgrade', ['42["x"]']],
  ['a second probe', ['2probe', '2probe']],
  ['a ping that is no probe', ['2']],
  ['garbage', ['x']],
])('%s closes the WebSocket, and polling goes on', async (_name, packets) => {
  const server = await startServer();
  const { client } = await joinByPolling(server);
  const socket = new SocketClient(server.url, client.sid);
  await once(socket.ws, 'open');
  socket.send(...packets);
  await socket.closed;
  await client.post('42["x"]');
  expect((await client.get()).text).toMatch(/42\["x"\]$/);
});

test('an upgrade that is not completed in time is given up', async () => {
  const server = await startServer({ upgradeTimeoutMs: 50 });
  const { client } = await joinByPolling(server);
  const socket = await probe(server, client.sid);
  await socket.closed;
  await client.post('42["x"]');
  expect((await client.get()).text).toBe('42["x"]');
});

test('a session that ends takes the WebSocket of its upgrade along', async () => {
  const server = await startServer();
  const { client } = await joinByPolling(server);
  const socket = await probe(server, client.sid);
  await client.post('1');
  await socket.closed;
  expect(server.protocol.sessionCount).toBe(0);
});

test('a second WebSocket for a session is closed, during and after the upgrade', async () => {
  const server = await startServer();
  const { client } = await joinByPolling(server);
  const socket = await probe(server, client.sid);
  await new SocketClient(server.url, client.sid).closed;
  socket.send('5', '42["x"]');
  expect(await socket.next()).toBe('42["x"]');
  await new SocketClient(server.url, client.sid).closed;
  socket.send('42["y"]');
  expect(await socket.next()).toBe('42["y"]');
});

test('a session that began as a WebSocket is not upgraded', async () => {
  const server = await startServer();
  const first = new SocketClient(server.url);
  const opened = String(await first.next());
  const { sid }: { sid: string } = JSON.parse(opened.slice(1));
  await new SocketClient(server.url, sid).closed;
  first.send('40');
  expect(await first.next()).toMatch(/^40/);
});

test('a close during the upgrade still delivers what was sent before it', async () => {
  const server = await startServer({ closeTimeoutMs: 5000 });
  const { client, connection } = await joinByPolling(server);
  const socket = await probe(server, client.sid);
  connection.send(new OutgoingPacket('2["last"]'));
  connection.close('server namespace disconnect');
  socket.send('5');
  expect(await socket.take(2)).toEqual(['42["last"]', '41']);
  await socket.closed;
  await expect.poll(() => server.closed).toEqual(['server namespace disconnect']);
});

test('an upgrade without a probe, as Elephant.io makes it, is accepted', async () => {
  const server = await startServer();
  const { client, connection } = await joinByPolling(server);
  const socket = new SocketClient(server.url, client.sid);
  await once(socket.ws, 'open');
  socket.send('5', '42["x"]');
  expect(await socket.next()).toBe('42["x"]');
  expect(connection.transport).toBe('websocket');
});
