/** Redis and Valkey: PUBLISH and SUBSCRIBE on one channel, over a connection each. */
import { Redis } from 'ioredis';
import type { ServerAddress } from './address.ts';
import type { Dial, Pace } from './line.ts';
import { type BusSettings, channelOf } from './settings.ts';

export const redisPace: Pace = {
  frameBytesMax: 512 * 1024,
  sendPayloadsMax: 1_000,
  sendBytesMax: 1024 * 1024,
  sendsMax: 64,
  pauseMs: 0,
};

export function dialRedis(address: ServerAddress, settings: BusSettings): Dial {
  const channel = channelOf(settings.clusterId);
  return ({ onPayload, onEnded }) => {
    const publisher = createClient(address, settings);
    const subscriber = createClient(address, settings);
    const clients = [publisher, subscriber];
    // It tells why before it tells that it has ended.
    let cause: Error | undefined;
    for (const client of clients) {
      client.on('error', (error) => {
        cause ??= error;
      });
      client.on('end', () => onEnded(cause ?? new Error('the connection was closed')));
    }
    subscriber.on('message', (_channel, payload) => onPayload(payload));
    const open = async (): Promise<void> => {
      await Promise.all(clients.map((client) => client.connect()));
      await subscriber.subscribe(channel);
    };
    return {
      ready: open().catch((error: unknown) => Promise.reject(cause ?? error)),
      async send(payloads) {
        const pipeline = publisher.pipeline();
        for (const payload of payloads) pipeline.publish(channel, payload);
        const failed = (await pipeline.exec())?.find(([error]) => error !== null);
        if (failed !== undefined) throw failed[0];
      },
      drop() {
        for (const client of clients) {
          client.disconnect();
          // Else it waits for the server's end of the connection.
          client.stream?.destroy();
        }
      },
    };
  };
}

/** A client that never connects anew, waits for nothing and asks the server for nothing but what it is told to. */
function createClient(address: ServerAddress, settings: BusSettings): Redis {
  return new Redis({
    ...address.servers[0],
    ...(address.user === '' ? {} : { username: address.user }),
    ...(address.password === '' ? {} : { password: address.password }),
    ...(address.isTls ? { tls: settings.ca === '' ? {} : { ca: settings.ca } } : {}),
    protocol: 2,
    lazyConnect: true,
    connectTimeout: settings.connectTimeoutMs,
    connectionName: settings.connectionName.replaceAll(' ', '-'),
    disableClientInfo: true,
    enableReadyCheck: false,
    retryStrategy: null,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  });
}
