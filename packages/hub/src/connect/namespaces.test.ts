import { describe, expect, test } from 'vitest';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Connection, ConnectionHandlers, InboundEvent } from '../ports/connection.ts';
import { echo, SocketClient, startServer } from './server.test-support.ts';

const connectReply = /^40\{"sid":"[\w-]{20}"\}$/;

function recorder(log: unknown[]): ConnectionHandlers {
  return {
    onEvent: (event) => log.push(event),
    onPong() {},
    onDrain() {},
    onClose: (reason) => log.push(reason),
  };
}

describe('joining', () => {
  test('the reply comes before what the stage above sent while it decided', async () => {
    const server = await startServer({}, async (connection, namespace) => {
      connection.send(new OutgoingPacket('2["early"]'));
      await Promise.resolve();
      connection.send(new OutgoingPacket('2["later"]'));
      return echo(connection, namespace);
    });
    const socket = await SocketClient.open(server.url);
    socket.send('40');
    expect(await socket.take(3)).toEqual([expect.stringMatching(connectReply), '42["early"]', '42["later"]']);
  });

  test('the id on the wire is the public one, not the session id', async () => {
    const server = await startServer();
    const socket = new SocketClient(server.url);
    const { sid }: { sid: string } = JSON.parse(String(await socket.next()).slice(1));
    socket.send('40');
    const { sid: id }: { sid: string } = JSON.parse(String(await socket.next()).slice(2));
    expect(id).toBe(server.connections[0]?.id);
    expect(id).not.toBe(sid);
  });

  test('a refusal is told, forgets what was sent, and leaves the transport open for another try', async () => {
    const server = await startServer({}, (connection, namespace) => {
      connection.send(new OutgoingPacket('2["secret"]'));
      return connection.handshake.auth.token === 'good' ? echo(connection, namespace) : { refuse: { message: 'no', data: [1] } };
    });
    const socket = await SocketClient.open(server.url);
    socket.send('40');
    expect(await socket.next()).toBe('44{"message":"no","data":[1]}');
    socket.send('40{"token":"good"}');
    expect(await socket.take(2)).toEqual([expect.stringMatching(connectReply), '42["secret"]']);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('a decision that %s is a refusal without details, and is reported', async (_name, accept) => {
    const server = await startServer({}, accept);
    const socket = await SocketClient.open(server.url);
    socket.send('40');
    expect(await socket.next()).toMatch(/^44\{"message":"The hub failed/);
    expect(server.faults).toEqual([new Error('broken')]);
  });

  test('a client that is gone before the decision is told about once it is made', async () => {
    const log: unknown[] = [];
    let decide = () => {};
    const server = await startServer(
      {},
      () =>
        new Promise((resolve) => {
          decide = () => resolve(recorder(log));
        }),
    );
    const socket = await SocketClient.open(server.url);
    socket.send('40');
    await expect.poll(() => server.connections.length).toBe(1);
    socket.ws.terminate();
    await expect.poll(() => server.closed).toEqual(['transport close']);
    expect(log).toEqual([]);
    decide();
    await expect.poll(() => log).toEqual(['transport close']);
  });

  test('a client that joins no namespace in time is closed, whatever it sends', async () => {
    const server = await startServer({ connectTimeoutMs: 150, pingIntervalMs: 40 }, () => ({ refuse: { message: 'no' } }));
    const socket = await SocketClient.open(server.url);
    const talk = setInterval(() => socket.send('40'), 20);
    await socket.closed;
    clearInterval(talk);
    await expect.poll(() => server.closed).toEqual(['forced close']);
  });

  test('a client that has left all its namespaces has the same time again', async () => {
    const server = await startServer({ connectTimeoutMs: 100 });
    const socket = await SocketClient.join(server.url);
    await new Promise((resolve) => setTimeout(resolve, 150));
    socket.send('42["x"]');
    expect(await socket.next()).toBe('42["x"]');
    socket.send('41');
    await socket.closed;
    await expect.poll(() => server.closed).toEqual(['forced close']);
  });

  test('ten namespaces are joined, the eleventh is refused', async () => {
    const server = await startServer();
    const socket = await SocketClient.open(server.url);
    for (let index = 0; index < 11; index++) socket.send(`40/n${index},`);
    const replies = await socket.take(11);
    expect(replies.slice(0, 10).every((reply) => /^40\/n\d,/.test(String(reply)))).toBe(true);
    expect(replies[10]).toBe('44/n10,{"message":"At most 10 namespaces"}');
  });

  test('joining again and again is not for ever', async () => {
    const server = await startServer({}, () => ({ refuse: { message: 'no' } }));
    const socket = await SocketClient.open(server.url);
    for (let count = 0; count < 2000; count++) socket.send('40');
    await socket.closed;
    expect(server.connections).toHaveLength(100);
    await expect.poll(() => server.closed).toEqual(['parse error']);
  });
});

describe('events', () => {
  test('carry their text byte for byte, their arguments and their acknowledgement id', async () => {
    const log: unknown[] = [];
    const server = await startServer({}, () => recorder(log));
    const socket = await SocketClient.join(server.url);
    socket.send('42["x", {"a":1.0}]', '4217["__proto__",null]', '451-["b",{"_placeholder":true,"num":0}]', Uint8Array.of(1));
    const events: Partial<InboundEvent>[] = [
      { name: 'x', args: [{ a: 1 }], text: '["x", {"a":1.0}]', ackId: undefined },
      { name: '__proto__', args: [null], text: '["__proto__",null]', ackId: 17 },
      { name: 'b', args: [Buffer.from([1])], text: undefined, ackId: undefined },
    ];
    await expect.poll(() => log).toEqual(events);
  });

  test('nobody asked for an acknowledgement of, so one that comes is ignored', async () => {
    const log: unknown[] = [];
    const server = await startServer({}, () => recorder(log));
    const socket = await SocketClient.join(server.url);
    socket.send('431["unasked"]', '461-2[{"_placeholder":true,"num":0}]', Uint8Array.of(1), '42["after"]');
    await expect.poll(() => log).toEqual([expect.objectContaining({ name: 'after' })]);
    expect(server.closed).toEqual([]);
  });

  test('of one namespace do not reach another', async () => {
    const log: [string, string][] = [];
    const server = await startServer({}, (connection, namespace) => ({
      ...echo(connection, namespace),
      onEvent: ({ name }) => log.push([namespace, name]),
    }));
    const socket = await SocketClient.join(server.url);
    socket.send('40/a', '42/a,["x"]', '42["y"]', '41/a', '42["z"]');
    await expect
      .poll(() => log)
      .toEqual([
        ['/a', 'x'],
        ['/', 'y'],
        ['/', 'z'],
      ]);
  });

  test('leaving a namespace is told, and the session goes on', async () => {
    const log: unknown[] = [];
    const server = await startServer({}, () => recorder(log));
    const socket = await SocketClient.join(server.url);
    socket.send('41', '40');
    expect(await socket.next()).toMatch(connectReply);
    expect(log).toEqual(['client namespace disconnect']);
    expect(new Set(server.connections.map(({ id }) => id)).size).toBe(2);
  });

  test('a handler that throws loses its connection, and nobody else', async () => {
    const server = await startServer({}, (connection, namespace) => ({
      ...echo(connection, namespace),
      onEvent({ name }) {
        if (name === 'bad') throw new Error('handler');
        connection.send(new OutgoingPacket('2["fine"]'));
      },
    }));
    const [first, second] = [await SocketClient.join(server.url), await SocketClient.join(server.url)];
    first.send('42["bad"]');
    await first.closed;
    expect(server.faults).toEqual([new Error('handler')]);
    await expect.poll(() => server.closed).toEqual(['forced close']);
    second.send('42["good"]');
    expect(await second.next()).toBe('42["fine"]');
  });
});

describe('the end', () => {
  test.each([
    ['server namespace disconnect', ['42["last"]', '41']],
    ['server shutting down', ['42["last"]']],
    ['forced close', ['42["last"]']],
  ] as const)('by "%s" comes after what was sent, and is told once', async (reason, packets) => {
    const log: unknown[] = [];
    const kept: Connection[] = [];
    const server = await startServer({}, (connection) => {
      kept.push(connection);
      return recorder(log);
    });
    const socket = await SocketClient.join(server.url);
    kept[0]?.send(new OutgoingPacket('2["last"]'));
    kept[0]?.close(reason);
    kept[0]?.close('forced close');
    kept[0]?.send(new OutgoingPacket('2["late"]'));
    expect(await socket.take(packets.length)).toEqual(packets);
    expect(await socket.closed).toBe(reason === 'server shutting down' ? 1001 : 1000);
    await expect.poll(() => log).toEqual([reason]);
  });

  test('attachments that never come end the session', async () => {
    const server = await startServer({ attachmentsTimeoutMs: 50 });
    const socket = await SocketClient.join(server.url);
    socket.send('451-["x",{"_placeholder":true,"num":0}]');
    await socket.closed;
    await expect.poll(() => server.closed).toEqual(['parse error']);
  });
});

test('attachments may have packetBytesMax together, and not a byte more', async () => {
  const server = await startServer({ packetBytesMax: 1000 });
  const socket = await SocketClient.join(server.url);
  const header = '452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]';
  socket.send(header, Buffer.alloc(500), Buffer.alloc(500));
  expect(await socket.next()).toBe(header);
  socket.send(header, Buffer.alloc(500), Buffer.alloc(501));
  await socket.closed;
  await expect.poll(() => server.closed).toEqual(['parse error']);
});

describe('what makes no sense closes with "parse error"', () => {
  test.each([
    ['an event', ['42["x"]']],
    ['a binary event', ['451-["x",{"_placeholder":true,"num":0}]', Uint8Array.of(1)]],
    ['an acknowledgement', ['431[]']],
    ['a disconnect', ['41']],
    ['a binary message', [Uint8Array.of(1)]],
    ['a connect error', ['44{"message":"x"}']],
    ['no packet', ['4']],
  ])('before joining: %s', async (_name, packets) => {
    const server = await startServer();
    const socket = await SocketClient.open(server.url);
    socket.send(...packets);
    await socket.closed;
    await expect.poll(() => server.closed).toEqual(['parse error']);
    expect(server.connections).toEqual([]);
  });

  test.each([
    '40',
    '42/admin,["x"]',
    '42[{"toString":"x"}]',
    '42[null]',
    '42[true]',
    '42[]',
    '42{}',
    '42"x"',
    '42["m"',
    '42 ["m"]',
    '42',
    '42["connect"]',
    '42["disconnecting"]',
    '42["newListener"]',
    `42${'9'.repeat(400)}["m"]`,
    '42abc["x"]',
    '43["x"]',
    '44{"message":"x"}',
    '450-["x"]',
    '45a-["x"]',
    '451.5-["x"]',
    '45-["x"]',
    '4511-["x"]',
    '4599999999-["x"]',
    '49',
    `42${'['.repeat(5000)}`,
  ])('%.40s', async (packet) => {
    const server = await startServer();
    const socket = await SocketClient.join(server.url);
    socket.send(packet);
    await socket.closed;
    await expect.poll(() => server.closed).toEqual(['parse error']);
  });

  test.each([
    ['num "splice"', ['451-["x",{"_placeholder":true,"num":"splice"}]', Uint8Array.of(1)]],
    ['num -1', ['451-["x",{"_placeholder":true,"num":-1}]', Uint8Array.of(1)]],
    ['num 1', ['451-["x",{"_placeholder":true,"num":1}]', Uint8Array.of(1)]],
    ['num 1.5', ['451-["x",{"_placeholder":true,"num":1.5}]', Uint8Array.of(1)]],
    ['text in between', ['451-["x",{"_placeholder":true,"num":0}]', '42["y"]']],
    ['an unannounced binary message', [Uint8Array.of(1)]],
  ])('attachments: %s', async (_name, packets) => {
    const server = await startServer();
    const socket = await SocketClient.join(server.url);
    socket.send(...packets);
    await socket.closed;
    await expect.poll(() => server.closed).toEqual(['parse error']);
  });
});

test.each(['error', '__proto__', 'constructor', 'hasOwnProperty', '', 'x'.repeat(10_000)])(
  'the event name "%.20s" is just a name',
  async (name) => {
    const server = await startServer();
    const socket = await SocketClient.join(server.url);
    const packet = `42${JSON.stringify([name, { __proto__: null, constructor: { prototype: {} } }])}`;
    socket.send(packet);
    expect(await socket.next()).toBe(packet);
  },
);
