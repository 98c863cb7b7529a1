/** For the tests of this folder: nodes that know one another, and a load balancer without sticky sessions. */
import type { IncomingMessage } from 'node:http';
import { createServer, request } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import type { AcceptConnection } from '../ports/connection.ts';
import type { ForwardTarget, InternalListener } from './internal-listener.ts';
import { startInternalListener } from './internal-listener.ts';
import type { ConnectOptions } from './options.ts';
import type { TestServer } from './server.test-support.ts';
import { echo, listen, startServer } from './server.test-support.ts';

export const secret = 'secret of the cluster';

export interface TestNode extends TestServer {
  readonly node: number;
  readonly internal: InternalListener;
  /** Requests that other nodes have brought, by method; upgrades as `upgrade`. */
  readonly forwarded: string[];
}

/** Nodes 1, 2, …, and their table, which tests may change. */
export async function startNodes(
  count: number,
  options: Partial<ConnectOptions> = {},
  accept: AcceptConnection = echo,
): Promise<{ readonly nodes: readonly TestNode[]; readonly table: Map<number, string> }> {
  const table = new Map<number, string>();
  const nodes: TestNode[] = [];
  for (let node = 1; node <= count; node += 1) {
    const cluster = { secret, nodes: { node, addressOf: (other: number) => table.get(other) } };
    const server = await startServer(options, accept, cluster);
    const forwarded: string[] = [];
    const target: ForwardTarget = {
      handleForwarded(sid, req, res) {
        forwarded.push(String(req.method));
        server.protocol.handleForwarded(sid, req, res);
      },
      handleForwardedUpgrade(sid, req, socket, head) {
        forwarded.push('upgrade');
        server.protocol.handleForwardedUpgrade(sid, req, socket, head);
      },
    };
    const internal = await startInternalListener({ host: '127.0.0.1', port: 0 }, systemClock);
    internal.serve({ secret, target });
    onTestFinished(() => internal.close());
    table.set(node, `127.0.0.1:${internal.port}`);
    nodes.push({ ...server, node, internal, forwarded });
  }
  return { nodes, table };
}

export async function startTwo(options: Partial<ConnectOptions> = {}, accept: AcceptConnection = echo) {
  const { nodes, table } = await startNodes(2, options, accept);
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error('two nodes');
  return { first, second, table };
}

/** Sends each request to the next server, so that no two requests of a session come to the same one. */
export async function startRoundRobin(
  servers: readonly { readonly port: number }[],
): Promise<{ readonly url: string; readonly port: number }> {
  let turn = 0;
  const nextPort = (): number => servers[turn++ % servers.length]?.port ?? 0;
  const open = new Set<Duplex>();
  const keep = (socket: Duplex): void => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
  };
  const proxy = createServer((req, res) => {
    const { method, url, headers } = req;
    const upstream = request({ port: nextPort(), method, path: url, headers, agent: false }, (answer) => {
      res.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(res);
    });
    upstream.on('error', () => res.destroy());
    res.on('close', () => upstream.destroy());
    req.pipe(upstream);
  });
  proxy.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    const lines = req.rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${req.rawHeaders[index + 1]}`] : []));
    const upstream = connect(nextPort(), '127.0.0.1', () => {
      upstream.write(`GET ${req.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [socket, upstream]) keep(end);
    socket.on('close', () => upstream.destroy());
    upstream.on('close', () => socket.destroy());
  });
  const port = await listen(proxy);
  onTestFinished(() => {
    proxy.close();
    proxy.closeAllConnections();
    for (const socket of open) socket.destroy();
  });
  return { port, url: `http://127.0.0.1:${port}` };
}

export interface Gate {
  readonly address: string;
  /** Connections that were ever opened. */
  readonly opened: number;
  /** From now on nothing passes in either direction, and nobody is told. New connections are taken. */
  freeze(): void;
  /** Breaks all connections, and takes none any more. */
  cut(): void;
}

/** In front of a node's internal listener: does to its connections what happens to machines and cables. */
export async function startGate(toPort: number): Promise<Gate> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isFrozen = false;
  let opened = 0;
  const server = createTcpServer((socket) => {
    opened += 1;
    const upstream = connect(toPort, '127.0.0.1');
    const pair = [socket, upstream] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [upstream, socket] as const]) {
      from.on('data', (chunk) => void (isFrozen || to.write(chunk)));
      from.on('end', () => void (isFrozen || to.end()));
      from.on('error', () => {});
      from.on('close', () => {
        pairs.delete(pair);
        if (!isFrozen) to.destroy();
      });
    }
  });
  const cut = (): void => {
    server.close();
    for (const pair of pairs) for (const end of pair) end.destroy();
  };
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    isFrozen = false;
    cut();
  });
  const address = server.address();
  return {
    address: `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    get opened() {
      return opened;
    },
    freeze: () => {
      isFrozen = true;
    },
    cut,
  };
}
