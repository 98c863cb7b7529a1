/**
 * PostgreSQL: NOTIFY and LISTEN on one channel, over a connection each. Transactions with NOTIFY are committed one after the
 * other, whoever they are from, so there are few of them, each with several payloads, and none waits for the disk.
 */
import pg from 'pg';
import { databaseSecrets, withoutSecrets } from './address.ts';
import { type Dial, type Pace, reasonOf } from './line.ts';
import { type BusSettings, channelOf } from './settings.ts';

export const notifyPace: Pace = {
  // A payload has at most 7,999 bytes.
  frameBytesMax: 7_900,
  sendPayloadsMax: 64,
  sendBytesMax: 256 * 1024,
  sendsMax: 1,
  pauseMs: 5,
};

const statement = { name: 'parley_notify', text: 'SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload' };

/** `connectionString` is asked for each time, since a password may have changed. */
export function dialNotify(connectionString: () => Promise<string>, settings: BusSettings): Dial {
  const channel = channelOf(settings.clusterId);
  return ({ onPayload, onEnded }) => {
    let isDropped = false;
    let clients: readonly pg.Client[] = [];
    let secrets: readonly string[] = [];
    const discreet = (error: unknown): Error => new Error(withoutSecrets(reasonOf(error), secrets));
    const open = async (): Promise<pg.Client> => {
      const text = await connectionString();
      secrets = databaseSecrets(text);
      const [publisher, listener] = [createClient(text, settings), createClient(text, settings)];
      clients = [publisher, listener];
      if (isDropped) return publisher;
      for (const client of clients) {
        client.on('error', (error) => onEnded(discreet(error)));
        client.on('end', () => onEnded(new Error('the connection was closed')));
      }
      listener.on('notification', ({ payload = '' }) => onPayload(payload.slice(1)));
      await Promise.all(clients.map((client) => client.connect()));
      await publisher.query('SET synchronous_commit = off');
      await listener.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
      return publisher;
    };
    const opened = open();
    return {
      ready: opened.then(
        () => {},
        (error: unknown) => Promise.reject(discreet(error)),
      ),
      async send(payloads) {
        const publisher = await opened;
        // Equal payloads of a transaction are delivered once, so each has its number before it.
        const numbered = payloads.map((payload, index) => String.fromCharCode(48 + index) + payload);
        await publisher.query({ ...statement, values: [channel, numbered] }).catch((error: unknown) => Promise.reject(discreet(error)));
      },
      drop() {
        isDropped = true;
        // Their own end would wait for a server that is frozen.
        for (const client of clients) client.connection.stream.destroy();
      },
    };
  };
}

function createClient(connectionString: string, settings: BusSettings): pg.Client {
  return new pg.Client({
    connectionString,
    application_name: settings.connectionName,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    keepAlive: true,
  });
}
