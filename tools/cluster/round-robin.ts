/** A proxy that gives each request and each WebSocket to the next node, whoever asks: nothing sticks to anything. For trying out only. */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface RoundRobin {
  /** The ports of the nodes, on the loopback address. One that nothing listens to is passed over. */
  readonly ports: readonly number[];
}

export function createRoundRobin({ ports }: RoundRobin): Server {
  let turn = 0;
  const nextPorts = (): number[] => {
    turn++;
    return ports.map((_, index) => ports[(turn + index) % ports.length] ?? 0);
  };
  const server = createServer((req, res) => {
    firstThatListens(nextPorts()).then(
      (socket) => forward(req, res, socket),
      () => res.writeHead(502).end('No node answers.\n'),
    );
  });
  server.on('upgrade', (req, client, head) => {
    firstThatListens(nextPorts()).then(
      (socket) => pipeUpgrade(req, client, head, socket),
      () => client.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n'),
    );
  });
  return server;
}

/** Nothing is sent before a node is known to be there, so a request is never carried out twice. */
async function firstThatListens(ports: readonly number[]): Promise<Socket> {
  for (const port of ports) {
    const socket = await tryToConnect(port);
    if (socket !== undefined) return socket;
  }
  throw new Error('No node answers.');
}

function tryToConnect(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

function forward(req: IncomingMessage, res: ServerResponse, socket: Socket): void {
  const asked = request({ createConnection: () => socket, method: req.method, path: req.url, headers: headersOf(req) });
  asked.once('response', (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(res);
  });
  asked.once('error', () => (res.headersSent ? res.destroy() : res.writeHead(502).end()));
  res.once('close', () => asked.destroy());
  req.pipe(asked);
}

function pipeUpgrade(req: IncomingMessage, client: Duplex, head: Buffer, socket: Socket): void {
  const lines = Object.entries(headersOf(req)).flatMap(([name, value]) => [value ?? []].flat().map((item) => `${name}: ${item}`));
  socket.write(`${req.method} ${req.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  socket.write(head);
  socket.pipe(client).pipe(socket);
  for (const [one, other] of [
    [socket, client],
    [client, socket],
  ] as const) {
    one.on('error', () => {});
    one.once('close', () => other.destroy());
  }
}

function headersOf(req: IncomingMessage): IncomingMessage['headers'] {
  const before = req.headers['x-forwarded-for'];
  const address = req.socket.remoteAddress ?? '';
  return { ...req.headers, 'x-forwarded-for': before === undefined ? address : `${before}, ${address}` };
}
