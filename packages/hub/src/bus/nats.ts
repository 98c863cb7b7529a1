/** NATS: one subject, one connection. */
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { ServerAddress } from './address.ts';
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
    let isDropped = false;
    const opened = connect(connectOptions(address, settings));
    const open = async (): Promise<void> => {
      const connection = await opened;
      if (isDropped) return;
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
        const connection = await opened;
        for (const payload of payloads) connection.publish(subject, payload);
        await connection.flush();
      },
      drop() {
        isDropped = true;
        // It can't be stopped while it connects, so that is ended afterwards.
        opened.then((connection) => connection.close()).catch(() => {});
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

/** A client that never connects anew, and that is not told of other servers. */
function connectOptions(address: ServerAddress, settings: BusSettings): NodeConnectionOptions {
  const { user, password, servers, isTls } = address;
  const token = password === '' && user !== '' ? { token: user } : {};
  return {
    servers: [...servers],
    ...(password === '' ? token : { user, pass: password }),
    ...(isTls ? { tls: settings.ca === '' ? {} : { ca: settings.ca } } : {}),
    name: settings.connectionName,
    timeout: settings.connectTimeoutMs,
    reconnect: false,
    ignoreClusterUpdates: true,
  };
}
