/** Mosquitto: QoS 1 and sessions that last, with its persistence on. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type MqttClient } from 'mqtt';
import { freePort, type Launch } from '../lib/server-process.ts';
import { pooled } from '../lib/waiting.ts';
import { content } from '../load/dialects.ts';
import type { OpenMail } from '../load/mail.ts';
import { Trouble } from '../load/trouble.ts';

/**
 * `save`: Mosquitto keeps messages in memory and writes all of them to its file every 30 minutes, or after so many changes. Only
 * after every change comes near to an acknowledgement that means something, and even then PUBACK does not wait for it.
 */
export async function launch(program: string, folder: string, save: 'default' | 'every change'): Promise<Launch> {
  const port = await freePort();
  const config = join(folder, 'mosquitto.conf');
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence true',
    `persistence_location ${folder}/`,
    'max_queued_messages 0',
    'user root',
    ...(save === 'default' ? [] : ['autosave_on_changes true', 'autosave_interval 1']),
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  const durability =
    save === 'default' ? 'autosave_interval default (30 min): acknowledged messages are in memory only' : 'autosave after every change';
  return {
    command: program,
    args: ['-c', config],
    port,
    settings: [`QoS 1, persistence true, no limit of queued messages, ${durability}`],
  };
}

export const mail: OpenMail = async ({ host, port }, events) => {
  const trouble = new Trouble();
  const clients: MqttClient[] = [];
  const senders: (() => void)[] = [];
  const open = async (clientId: string, clean: boolean, onMessage: () => void = () => {}): Promise<MqttClient> => {
    // The listener is there before the session resumes, since what waits comes at once.
    const client = connect(`mqtt://${host}:${port}`, { clientId, clean, reconnectPeriod: 0 }).on('message', onMessage);
    clients.push(client);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    client.once('connect', () => resolve()).once('error', reject);
    await promise;
    client.on('error', trouble.onError);
    return client;
  };
  return {
    async makeInboxes(count) {
      const inboxes = Array.from({ length: count }, (_, inbox) => inbox);
      await pooled(inboxes, 16, async (inbox) => {
        const client = await open(`inbox-${inbox}`, false);
        await client.subscribeAsync(`inbox/${inbox}`, { qos: 1 });
        await client.endAsync();
      });
    },
    async read(inbox) {
      await open(`inbox-${inbox}`, false, () => events.onDelivered(inbox));
    },
    async connectSenders(count, to) {
      for (let sender = 0; sender < count; sender++) {
        const client = await open(`sender-${sender}`, true);
        const topic = `inbox/${to === 'own inbox' ? sender : to}`;
        const onDone = (error?: Error | null) => (error ? trouble.onError(error) : events.onAcknowledged(sender));
        senders.push(() => client.publish(topic, content, { qos: 1 }, onDone));
      }
    },
    send: (sender) => senders[sender]?.(),
    guard: (work, timeoutMs, complaint) => trouble.guard(work, timeoutMs, complaint),
    async close() {
      await Promise.all(clients.map((client) => client.endAsync(true).catch(() => {})));
    },
  };
};
