/** RabbitMQ: a durable queue for each inbox, persistent messages, publisher confirms, manual acknowledgement. A node of its own. */
import { join } from 'node:path';
import { type ChannelModel, connect } from 'amqplib';
import { freePort, type Launch } from '../lib/server-process.ts';
import { content } from '../load/dialects.ts';
import type { OpenMail } from '../load/mail.ts';
import { Trouble } from '../load/trouble.ts';

export async function launch(program: string, folder: string): Promise<Launch> {
  const port = await freePort();
  const env = {
    HOME: folder,
    RABBITMQ_NODENAME: `parley-bench-${port}@localhost`,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_DIST_PORT: String(await freePort()),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'config'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
  };
  const settings = ['classic durable queues, persistent messages, confirms, prefetch 300 (its documentation: 100 to 300), manual ack'];
  return { command: program, args: [], env, port, settings, startTimeoutMs: 90_000 };
}

/** As many of each kind, with a channel for each sender and each inbox: few connections cost the broker less than one each. */
const connections = 4;
const prefetch = 300;

export const mail: OpenMail = async ({ host, port }, events) => {
  const trouble = new Trouble();
  const open = async (): Promise<ChannelModel[]> => {
    const all = await Promise.all(Array.from({ length: connections }, () => connect(`amqp://guest:guest@${host}:${port}`)));
    for (const connection of all) connection.on('error', trouble.onError);
    return all;
  };
  const [writing, reading] = await Promise.all([open(), open()]);
  const senders: (() => void)[] = [];
  const body = Buffer.from(content);
  const from = (pool: readonly ChannelModel[], index: number): ChannelModel => {
    const connection = pool[index % pool.length];
    if (connection === undefined) throw new Error('no connection');
    return connection;
  };
  return {
    async makeInboxes(count) {
      const channel = await from(reading, 0).createChannel();
      for (let inbox = 0; inbox < count; inbox++) await channel.assertQueue(`inbox-${inbox}`, { durable: true });
      await channel.close();
    },
    async read(inbox) {
      const channel = await from(reading, inbox).createChannel();
      await channel.prefetch(prefetch);
      await channel.consume(`inbox-${inbox}`, (message) => {
        if (message === null) return;
        channel.ack(message);
        events.onDelivered(inbox);
      });
    },
    async connectSenders(count, to) {
      for (let sender = 0; sender < count; sender++) {
        const channel = await from(writing, sender).createConfirmChannel();
        const queue = `inbox-${to === 'own inbox' ? sender : to}`;
        const onConfirm = (error: unknown) => (error ? trouble.onError(error) : events.onAcknowledged(sender));
        senders.push(() => channel.sendToQueue(queue, body, { persistent: true }, onConfirm));
      }
    },
    send: (sender) => senders[sender]?.(),
    guard: (work, timeoutMs, complaint) => trouble.guard(work, timeoutMs, complaint),
    async close() {
      await Promise.all([...writing, ...reading].map((connection) => connection.close().catch(() => {})));
    },
  };
};
