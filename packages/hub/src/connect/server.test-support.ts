/** For the tests of this folder: a protocol server on a free port, and the bare clients that talk to it. */

import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../lib/clock.ts';
import { SystemRandom } from '../lib/random.ts';
import type { AcceptConnection, CloseReason, Connection, ConnectionHandlers } from '../ports/connection.ts';
import { type Attachable, attach } from './attach.ts';
import type { ConnectOptions } from './options.ts';
import { recommendedHttpOptions } from './options.ts';
import { Peer } from './peer.test-support.ts';
import { ProtocolServer, type ProtocolServerDeps } from './server.ts';

/** What the server saw. */
export interface Seen {
  readonly connections: Connection[];
  readonly closed: CloseReason[];
  readonly refused: string[];
  readonly faults: unknown[];
}

export interface TestServer extends Seen {
  readonly protocol: ProtocolServer;
  readonly http: Server;
  readonly port: number;
  readonly url: string;
  /** The next request for the server was handed to it. */
  arrival(): Promise<void>;
}

/** Echoes: `echo` comes back as `echo`, an event with an acknowledgement is acknowledged with its arguments. */
export function echo(connection: Connection, namespace: string): ConnectionHandlers {
  const peer = new Peer(connection, namespace);
  return {
    onEvent({ name, args, ackId }) {
      if (ackId !== undefined) peer.reply(ackId, ...args);
      else peer.emit(name, ...args);
    },
    onPong() {},
    onDrain() {},
    onClose() {},
  };
}

export async function startServer(
  options: Partial<ConnectOptions> = {},
  accept: AcceptConnection = echo,
  cluster?: ProtocolServerDeps['cluster'],
): Promise<TestServer> {
  const seen: Seen = { connections: [], closed: [], refused: [], faults: [] };
  const protocol = new ProtocolServer({
    options: { corsOrigins: '*', hosts: ['x'], closeTimeoutMs: 50, ...options },
    clock: systemClock,
    random: new SystemRandom(),
    cluster,
    hooks: {
      onRefused: (reason) => seen.refused.push(reason),
      onClosed: (reason) => seen.closed.push(reason),
      onFault: (error) => seen.faults.push(error),
    },
    accept: (connection, namespace) => {
      seen.connections.push(connection);
      return accept(connection, namespace);
    },
  });
  const http = createServer(recommendedHttpOptions);
  const waiting: (() => void)[] = [];
  const observed: Attachable = {
    path: protocol.path,
    handleRequest(req, res) {
      protocol.handleRequest(req, res);
      waiting.shift()?.();
    },
    handleUpgrade: (req, socket, head) => protocol.handleUpgrade(req, socket, head),
  };
  attach(http, observed, { otherwise: (_req, res) => res.writeHead(404).end(), onFault: (error) => seen.faults.push(error) });
  const arrival = () => new Promise<void>((resolve) => void waiting.push(resolve));
  const port = await listen(http);
  onTestFinished(async () => {
    http.close();
    const closed = protocol.close();
    http.closeAllConnections();
    await closed;
  });
  return { ...seen, protocol, http, port, url: `http://127.0.0.1:${port}`, arrival };
}

export async function listen(http: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const address: AddressInfo | string | null = http.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening on a port');
  return address.port;
}

/** A polling client, request by request. */
export class PollingClient {
  readonly #endpoint: string;

  constructor(url: string, sid?: string) {
    this.#endpoint = `${url}/socket.io/?EIO=4&transport=polling${sid === undefined ? '' : `&sid=${sid}`}`;
  }

  static async open(url: string): Promise<PollingClient & { readonly sid: string }> {
    const { text } = await new PollingClient(url).get();
    const { sid }: { sid: string } = JSON.parse(text.slice(1));
    return Object.assign(new PollingClient(url, sid), { sid });
  }

  async get(init: RequestInit = {}): Promise<{ status: number; text: string; headers: Headers }> {
    const response = await fetch(this.#endpoint, init);
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  async post(body: string | Uint8Array<ArrayBuffer> | ReadableStream, headers: Record<string, string> = {}) {
    return await this.get({ method: 'POST', body, headers, duplex: 'half' });
  }

  /** Joins the main namespace and takes the reply. */
  async join(): Promise<void> {
    await this.post('40');
    await this.get();
  }
}

/** A WebSocket client that keeps what comes. Pings of the heartbeat are answered and left out. */
export class SocketClient {
  readonly ws: WebSocket;
  readonly #inbox: (string | Buffer)[] = [];
  #wake: (() => void) | undefined;
  readonly #closed: Promise<number>;

  constructor(url: string, sid?: string) {
    this.ws = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket${sid === undefined ? '' : `&sid=${sid}`}`);
    this.ws.on('error', () => {});
    this.ws.on('message', (data, isBinary) => {
      if (!isBinary && String(data) === '2') return this.ws.send('3');
      this.#inbox.push(isBinary && Buffer.isBuffer(data) ? data : String(data));
      this.#wake?.();
    });
    this.#closed = new Promise((resolve) => {
      this.ws.on('close', (code) => resolve(code));
    });
  }

  static async open(url: string): Promise<SocketClient> {
    const client = new SocketClient(url);
    await client.next();
    return client;
  }

  /** Opens, and joins the main namespace. */
  static async join(url: string): Promise<SocketClient> {
    const client = await SocketClient.open(url);
    client.send('40');
    await client.next();
    return client;
  }

  /** The close code. */
  get closed(): Promise<number> {
    return this.#closed;
  }

  send(...packets: (string | Uint8Array)[]): void {
    for (const packet of packets) this.ws.send(packet);
  }

  async next(): Promise<string | Buffer> {
    while (this.#inbox.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#inbox.shift() ?? '';
  }

  async take(count: number): Promise<(string | Buffer)[]> {
    const taken: (string | Buffer)[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }
}

/** Sends bytes as they are, and gives all that comes back until the server closes, or until `endsWith` has come. */
export function exchange(port: number, bytes: string | Uint8Array, endsWith?: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (endsWith !== undefined && received.endsWith(endsWith)) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
  });
}
