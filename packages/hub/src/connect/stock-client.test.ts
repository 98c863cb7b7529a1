import type { ManagerOptions, Socket, SocketOptions } from 'socket.io-client';
import { io } from 'socket.io-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { Peer } from './peer.test-support.ts';
import type { TestServer } from './server.test-support.ts';
import { echo, startServer } from './server.test-support.ts';
import { collect, once, upTo } from './socket-events.test-support.ts';

function connectTo({ url }: TestServer, options: Partial<ManagerOptions & SocketOptions> = {}, namespace = ''): Socket {
  const socket = io(url + namespace, { forceNew: true, ...options });
  onTestFinished(() => {
    socket.close();
  });
  return socket;
}

describe.each([
  { name: 'websocket only', transports: ['websocket'] },
  { name: 'polling only', transports: ['polling'] },
  { name: 'polling, then an upgrade', transports: ['polling', 'websocket'] },
])('$name', ({ transports }) => {
  test('events, acknowledgements and binary data go both ways', async () => {
    const server = await startServer();
    const socket = connectTo(server, { transports });
    await once(socket, 'connect');
    expect(await socket.emitWithAck('sum', 1, 'two', { three: [null] })).toBe(1);
    socket.emit('binary', { bytes: Uint8Array.of(1, 2, 3) }, 'rest');
    const [value, rest] = await once(socket, 'binary');
    expect(value).toEqual({ bytes: Buffer.from([1, 2, 3]) });
    expect(rest).toBe('rest');
    expect(socket.id).toBe(server.connections[0]?.id);
  });

  test('500 events each way, sent while the transport settles, arrive in order', async () => {
    const seen: unknown[] = [];
    const server = await startServer({}, (connection, namespace) => {
      const peer = new Peer(connection, namespace);
      let next = 0;
      const push = () => {
        for (const end = next + 10; next < end; ) peer.emit('down', next++);
        if (next < 500) systemClock.after(1, push);
      };
      push();
      return {
        ...echo(connection, namespace),
        onEvent({ args }) {
          seen.push(args[0]);
          if (seen.length === 500) peer.emit('done');
        },
      };
    });
    const socket = connectTo(server, { transports });
    const down = collect(socket, 'down', 500);
    const done = once(socket, 'done');
    await once(socket, 'connect');
    for (const index of upTo(500)) {
      socket.emit('up', index);
      if (index % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await done;
    expect(await down).toEqual(upTo(500));
    expect(seen).toEqual(upTo(500));
    if (transports.length === 2) expect(server.connections[0]?.transport).toBe('websocket');
  });

  test('a burst of 2,000 events in one turn arrives in order', async () => {
    const server = await startServer();
    const socket = connectTo(server, { transports });
    await once(socket, 'connect');
    const received = collect(socket, 'burst', 2000);
    for (const index of upTo(2000)) socket.emit('burst', index);
    expect(await received).toEqual(upTo(2000));
  });

  test('a connection closed for good stays away, one closed by force comes back', async () => {
    const server = await startServer({ closeTimeoutMs: 5000 });
    const socket = connectTo(server, { transports, reconnectionDelay: 1, randomizationFactor: 0 });
    await once(socket, 'connect');
    server.connections[0]?.close('forced close');
    await once(socket, 'disconnect');
    await once(socket, 'connect');
    const reason = once(socket, 'disconnect');
    server.connections[1]?.close('server namespace disconnect');
    expect((await reason)[0]).toBe('io server disconnect');
    expect(socket.active).toBe(false);
    await expect.poll(() => server.closed).toEqual(['forced close', 'server namespace disconnect']);
  });
});

test('namespaces share one session and are refused one by one', async () => {
  const server = await startServer({}, (connection, namespace) =>
    namespace === '/secret' ? { refuse: { message: 'Not for you', data: { code: 7 } } } : echo(connection, namespace),
  );
  const main = connectTo(server, { transports: ['websocket'] });
  await once(main, 'connect');
  const secret = main.io.socket('/secret');
  const [error] = await once(secret, 'connect_error');
  expect(error).toMatchObject({ message: 'Not for you', data: { code: 7 } });
  const other = main.io.socket('/other');
  await once(other, 'connect');
  expect(await other.emitWithAck('x', 'from other')).toBe('from other');
  expect(await main.emitWithAck('x', 'from main')).toBe('from main');
  expect(server.protocol.sessionCount).toBe(1);
});

test('credentials and the query reach the handshake', async () => {
  const server = await startServer();
  const socket = connectTo(server, { auth: { token: 'abc' }, query: { room: 'x' }, extraHeaders: { cookie: 'secret=1', 'x-app': 'y' } });
  await once(socket, 'connect');
  const handshake = server.connections[0]?.handshake;
  expect(handshake).toMatchObject({ address: '127.0.0.1', auth: { token: 'abc' }, query: { room: 'x' }, headers: { 'x-app': 'y' } });
  // Who a client is may stand in a cookie, see Authenticator.
  expect(handshake?.headers.cookie).toBe('secret=1');
});

test('closing the server lets clients see the end and what was queued before it', async () => {
  const server = await startServer({ closeTimeoutMs: 5000 });
  const sockets = [connectTo(server, { transports: ['websocket'] }), connectTo(server, { transports: ['polling'] })];
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const last = sockets.map((socket) => once(socket, 'last'));
  const ends = sockets.map((socket) => once(socket, 'disconnect'));
  for (const connection of server.connections) new Peer(connection, '/').emit('last', 'words');
  await server.protocol.close();
  expect(await Promise.all(last)).toEqual([['words'], ['words']]);
  // Over polling there is no close packet, after which the stock Python client stays away; its next poll finds no session.
  expect((await Promise.all(ends)).flat().filter((reason) => typeof reason === 'string')).toEqual(['transport close', 'transport error']);
  expect(server.protocol.sessionCount).toBe(0);
});

test('a client whose connection is closed instead of refused comes back by itself', async () => {
  let asked = 0;
  const server = await startServer({}, (connection, namespace) => {
    asked += 1;
    if (asked > 1) return echo(connection, namespace);
    connection.close('server shutting down');
    return { refuse: { message: 'not now' } };
  });
  const socket = connectTo(server, { reconnectionDelay: 10 });
  const refusals: unknown[] = [];
  socket.on('connect_error', (error) => refusals.push(error));
  await once(socket, 'connect');
  expect(asked).toBe(2);
  expect(refusals.filter((error) => String(error).includes('not now'))).toEqual([]);
});
