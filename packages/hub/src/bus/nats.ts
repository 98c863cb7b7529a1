/** NATS: one subject, one connection. */
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { Server, ServerAddress } from './address.ts';
import type { Dial, Pace } from './line.ts';
import { type BusSettings, channelOf } from './settings.ts';

export const natsPace: Pace = {
  frameBytesMax: 512 * 1024,
  sendPayloadsMax: 1_000,
  sendBytesMax: 1024 * 1024,
  sendsMax: 64,
  pauseMs: 0,
};

/** What the bus puts before a frame, generously. */
const envelopeBytesMax = 64;

export function dialNats(address: ServerAddress, settings: BusSettings): Dial {
  const subject = channelOf(settings.clusterId);
  return ({ onPayload, onEnded }) => {
    const dropping = new AbortController();
    const connecting = firstToGreet(address.servers, dropping.signal).then((server) => connect(connectOptions(server, address, settings)));
    const open = async (): Promise<void> => {
      const connection = await connecting;
      if (dropping.signal.aborted) return;
      void connection.closed().then((error) => onEnded(error ?? new Error('the connection was closed')));
      void tellErrors(connection, onEnded);
      const payloadBytesMax = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
      if (payloadBytesMax < natsPace.frameBytesMax + envelopeBytesMax) {
        throw new Error(`max_payload of the server is ${payloadBytesMax} bytes; Parley needs its default of 1 MB`);
      }
      connection.subscribe(subject, { callback: (error, message) => (error === null ? onPayload(message.string()) : onEnded(error)) });
      await connection.flush();
    };
    return {
      ready: open(),
      async send(payloads) {
        const connection = await connecting;
        for (const payload of payloads) connection.publish(subject, payload);
        await connection.flush();
      },
      drop() {
        dropping.abort();
        // The driver can't be stopped while it connects, so that is ended afterwards.
        connecting.then((connection) => connection.close()).catch(() => {});
      },
    };
  };
}

/** What the server refuses, such as to publish, it tells here only. */
async function tellErrors(connection: NatsConnection, onEnded: (error: unknown) => void): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'error') onEnded(status.error);
  }
}

/**
 * A server of NATS speaks first. The driver (3.4.0) keeps the socket of each attempt at one that accepts and says nothing, as one
 * that is frozen does, so it gets only a server that was heard.
 */
async function firstToGreet(servers: readonly Server[], signal: AbortSignal): Promise<Server> {
  const sockets = servers.map((server) => connectSocket(server).on('error', () => {}));
  try {
    return await Promise.any(
      servers.map(async (server, index) => {
        const socket = sockets[index];
        if (socket !== undefined) await once(socket, 'data', { signal });
        return server;
      }),
    );
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** A client that never connects anew, and that is not told of other servers. */
function connectOptions({ host, port }: Server, address: ServerAddress, settings: BusSettings): NodeConnectionOptions {
  const { user, password, isTls } = address;
  // The driver leaves out the host, which the certificate is compared with if that is an address.
  const tls = { host, ...(settings.ca === '' ? {} : { ca: settings.ca }) };
  const token = password === '' && user !== '' ? { token: user } : {};
  return {
    servers: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...(password === '' ? token : { user, pass: password }),
    ...(isTls ? { tls } : {}),
    name: settings.connectionName,
    timeout: settings.connectTimeoutMs,
    reconnect: false,
    ignoreClusterUpdates: true,
  };
}
