/** NATS JetStream: one stream in files, a durable consumer with explicit acknowledgement for each inbox. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AckPolicy, jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort, type Launch } from '../lib/server-process.ts';
import { content } from '../load/dialects.ts';
import type { OpenMail } from '../load/mail.ts';
import { Trouble } from '../load/trouble.ts';

/** `sync`: how often what was acknowledged is synced to the disk; 2 minutes unless told otherwise. */
export async function launch(program: string, folder: string, sync: 'default' | 'always'): Promise<Launch> {
  const port = await freePort();
  const config = join(folder, 'nats.conf');
  const syncLine = sync === 'always' ? '  sync_interval: always\n' : '';
  await writeFile(config, `listen: 127.0.0.1:${port}\njetstream {\n  store_dir: ${JSON.stringify(folder)}\n${syncLine}}\n`);
  const durability =
    sync === 'always' ? 'sync_interval: always' : 'sync_interval default (2 min): an acknowledged message is not on disk yet';
  return { command: program, args: ['-c', config], port, settings: [`file storage, one replica, explicit ack, ${durability}`] };
}

const stream = 'mail';

export const mail: OpenMail = async ({ host, port }, events) => {
  const trouble = new Trouble();
  const [writing, reading] = await Promise.all([connect({ servers: `${host}:${port}` }), connect({ servers: `${host}:${port}` })]);
  const manager = await jetstreamManager(reading);
  const writer = jetstream(writing);
  const reader = jetstream(reading);
  const body = new TextEncoder().encode(content);
  const subjects: string[] = [];
  return {
    async makeInboxes(count) {
      await manager.streams.add({ name: stream, subjects: ['inbox.*'], storage: StorageType.File });
      for (let inbox = 0; inbox < count; inbox++) {
        const durable = `inbox-${inbox}`;
        await manager.consumers.add(stream, { durable_name: durable, filter_subject: `inbox.${inbox}`, ack_policy: AckPolicy.Explicit });
      }
    },
    async read(inbox) {
      const consumer = await reader.consumers.get(stream, `inbox-${inbox}`);
      await consumer.consume({
        max_messages: 500,
        callback: (message) => {
          message.ack();
          events.onDelivered(inbox);
        },
      });
    },
    async connectSenders(count, to) {
      subjects.push(...Array.from({ length: count }, (_, sender) => `inbox.${to === 'own inbox' ? sender : to}`));
    },
    send(sender) {
      writer.publish(subjects[sender] ?? '', body).then(() => events.onAcknowledged(sender), trouble.onError);
    },
    guard: (work, timeoutMs, complaint) => trouble.guard(work, timeoutMs, complaint),
    async close() {
      await Promise.all([writing.close(), reading.close()]);
    },
  };
};
