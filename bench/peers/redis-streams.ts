/** Redis Streams with the append-only file synced before each answer: a stream and a consumer group for each inbox. */
import { Redis } from 'ioredis';
import { freePort, type Launch } from '../lib/server-process.ts';
import { content } from '../load/dialects.ts';
import type { OpenMail } from '../load/mail.ts';
import { Trouble } from '../load/trouble.ts';

export async function launch(program: string, folder: string): Promise<Launch> {
  const port = await freePort();
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
    '--save',
    '',
  ];
  return {
    command: program,
    args,
    port,
    settings: ['appendonly yes, appendfsync always, XREADGROUP COUNT 500 and XACK, pipelined writes'],
  };
}

const group = 'readers';
const pageMessages = 500;

export const mail: OpenMail = async ({ host, port }, events) => {
  const trouble = new Trouble();
  const clients: Redis[] = [];
  const open = (): Redis => {
    const client = new Redis({ host, port, enableAutoPipelining: true, retryStrategy: () => null });
    client.on('error', trouble.onError);
    clients.push(client);
    return client;
  };
  const writer = open();
  let targets: readonly string[] = [];
  let isClosed = false;

  /** Reads and confirms until the end. */
  const follow = async (inbox: number): Promise<void> => {
    const client = open();
    const key = `inbox:${inbox}`;
    while (!isClosed) {
      const answer: unknown = await client.xreadgroup('GROUP', group, 'one', 'COUNT', pageMessages, 'BLOCK', 1000, 'STREAMS', key, '>');
      const ids = idsOf(answer);
      if (ids.length > 0) await client.xack(key, group, ...ids);
      for (const _ of ids) events.onDelivered(inbox);
    }
  };

  return {
    async makeInboxes(count) {
      await Promise.all(Array.from({ length: count }, (_, inbox) => writer.xgroup('CREATE', `inbox:${inbox}`, group, '$', 'MKSTREAM')));
    },
    async read(inbox) {
      follow(inbox).catch((error: unknown) => {
        if (!isClosed) trouble.onError(error);
      });
    },
    async connectSenders(count, to) {
      targets = Array.from({ length: count }, (_, sender) => `inbox:${to === 'own inbox' ? sender : to}`);
    },
    send(sender) {
      writer.xadd(targets[sender] ?? '', '*', 'content', content).then(() => events.onAcknowledged(sender), trouble.onError);
    },
    guard: (work, timeoutMs, complaint) => trouble.guard(work, timeoutMs, complaint),
    async close() {
      isClosed = true;
      for (const client of clients) client.disconnect();
    },
  };
};

/** From `[[key, [[id, fields], …]]]`, or null when nothing came in time. */
function idsOf(answer: unknown): string[] {
  if (!Array.isArray(answer)) return [];
  return answer.flatMap((stream: unknown) =>
    Array.isArray(stream) && Array.isArray(stream[1])
      ? stream[1].map((entry: unknown) => (Array.isArray(entry) ? String(entry[0]) : ''))
      : [],
  );
}
