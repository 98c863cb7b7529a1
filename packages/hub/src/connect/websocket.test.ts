import { expect, test } from 'vitest';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import { echo, SocketClient, startServer } from './server.test-support.ts';

test('packets of every frame size arrive whole', async () => {
  const server = await startServer();
  const socket = await SocketClient.join(server.url);
  const sizes = [0, 1, 100, 123, 124, 125, 126, 127, 1000, 65_532, 65_533, 65_534, 65_535, 65_536, 200_000];
  for (const size of sizes) server.connections[0]?.send(new OutgoingPacket('é'.repeat(size / 2) + 'x'.repeat(size % 2)));
  const packets = await socket.take(sizes.length);
  expect(packets.map((packet) => Buffer.byteLength(packet) - 1)).toEqual(sizes);
});

test('one packet sent to many is the same bytes for all, with its attachments', async () => {
  const server = await startServer();
  const sockets = await Promise.all([1, 2, 3].map(() => SocketClient.join(server.url)));
  const first = new OutgoingPacket('51-["a",{"_placeholder":true,"num":0}]', [Uint8Array.of(9, 8)]);
  const second = new OutgoingPacket('2["b"]');
  for (const connection of server.connections) {
    connection.send(first);
    connection.send(second);
  }
  server.connections[1]?.send(new OutgoingPacket('2["own"]'));
  const burst = [`4${first.text}`, Buffer.from([9, 8]), '42["b"]'];
  expect(await sockets[0]?.take(3)).toEqual(burst);
  expect(await sockets[1]?.take(4)).toEqual([...burst, '42["own"]']);
  expect(await sockets[2]?.take(3)).toEqual(burst);
});

test('bytes that the client does not take are counted, and onDrain tells when they are gone', async () => {
  let drained = () => {};
  const whenDrained = new Promise<void>((resolve) => {
    drained = resolve;
  });
  const server = await startServer({ bufferBytesMax: 100_000_000 }, (connection, namespace) => ({
    ...echo(connection, namespace),
    onDrain: () => drained(),
  }));
  const socket = await SocketClient.join(server.url);
  const [connection] = server.connections;
  if (connection === undefined) throw new Error('not joined');
  connection.identified();
  socket.ws.pause();
  for (let count = 0; count < 40; count++) connection.send(new OutgoingPacket('x'.repeat(1_000_000)));
  expect(connection.bufferedBytes).toBeGreaterThan(40_000_000);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(connection.bufferedBytes).toBeGreaterThan(1_000_000);
  socket.ws.resume();
  await whenDrained;
  expect(connection.bufferedBytes).toBeLessThanOrEqual(65_536);
});

test('a client that takes nothing is cut before it fills the memory', async () => {
  const server = await startServer({ bufferBytesMax: 10_000_000 });
  const socket = await SocketClient.join(server.url);
  socket.ws.pause();
  for (let count = 0; count < 30; count++) server.connections[0]?.send(new OutgoingPacket('x'.repeat(1_000_000)));
  await expect.poll(() => server.closed).toEqual(['transport error']);
});

test('sending after the end does nothing', async () => {
  const server = await startServer();
  const socket = await SocketClient.join(server.url);
  const [connection] = server.connections;
  socket.ws.terminate();
  await expect.poll(() => server.closed).toEqual(['transport close']);
  connection?.send(new OutgoingPacket('2["late"]'));
  connection?.close('forced close');
  expect(connection?.ping()).toBe(false);
  expect(connection?.bufferedBytes).toBe(0);
});

test('pongs acknowledge what was sent before the ping, in order', async () => {
  const order: string[] = [];
  const server = await startServer({}, (connection, namespace) => ({
    ...echo(connection, namespace),
    onEvent: ({ name }) => order.push(name),
    onPong: () => order.push('pong'),
  }));
  const socket = await SocketClient.join(server.url);
  const [connection] = server.connections;
  connection?.send(new OutgoingPacket('2["x"]'));
  expect(connection?.ping()).toBe(true);
  expect(connection?.ping()).toBe(false);
  await socket.next();
  await expect.poll(() => order).toEqual(['pong']);
  expect(connection?.ping()).toBe(true);
});

test.each([
  ['1', 'transport close'],
  ['abc', 'parse error'],
  ['2', 'parse error'],
  ['0', 'parse error'],
  ['5', 'parse error'],
  ['7', 'parse error'],
  ['', 'parse error'],
  ['bAQIDBA==', 'parse error'],
])('the packet "%s" ends the session with %s', async (packet, reason) => {
  const server = await startServer();
  const socket = await SocketClient.join(server.url);
  socket.send(packet);
  await socket.closed;
  await expect.poll(() => server.closed).toEqual([reason]);
});

test("a client's own WebSocket pings are answered", async () => {
  const server = await startServer();
  const socket = await SocketClient.join(server.url);
  const pong = new Promise((resolve) => {
    socket.ws.on('pong', (data) => resolve(String(data)));
  });
  socket.ws.ping('hello');
  expect(await pong).toBe('hello');
});

test('a packet that is too large gets its error before the close', async () => {
  const server = await startServer({ packetBytesMax: 1000 });
  const socket = await SocketClient.join(server.url);
  socket.send('x'.repeat(1001));
  expect(JSON.parse(String(await socket.next()).slice(2))).toMatchObject(['error', { status: 'error', code: 'packet_too_large' }]);
  expect(await socket.closed).toBe(1009);
});
