/** How long a killed hub with many undelivered messages takes until it listens again. */

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteStore } from '../../packages/hub/src/store/sqlite/open.ts';
import { connectAs } from '../support/client.ts';
import { startHubProcess } from '../support/hub-process.ts';

const recipients = 1_000;
/** Sent to each hub before it is killed, so that it leaves a log to recover. */
const lastWords = 2_000;
const rounds = 5;
const args = ['--queue.max-messages', '100000000', '--log.level', 'error'];

/** Prepares the messages, kills and restarts the hub some times, and says how that went. */
export async function measureReady(data: string, pending: number): Promise<string> {
  const preparedMs = await timed(() => fill(data, pending));
  const sizeMb = statSync(join(data, 'parley.db')).size / 1e6;
  const readyMs: number[] = [];
  let hub = await startHubProcess({ data, args });
  for (let round = 0; round < rounds; round++) {
    await sendMore(hub.url);
    await hub.kill();
    readyMs.push(
      await timed(async () => {
        hub = await startHubProcess({ data, port: hub.port, args });
      }),
    );
  }
  const firstMs = await timed(() => firstMessage(hub.url));
  await hub.kill();
  const list = readyMs.map((ms) => Math.round(ms)).join(', ');
  return (
    `${pending.toLocaleString('en-US')} messages for ${recipients} users were prepared in ${(preparedMs / 1000).toFixed(1)} s (${sizeMb.toFixed(0)} MB).\n` +
    `From the start of the process after kill -9 to "parley listening": ${list} ms; the slowest ${Math.round(Math.max(...readyMs))} ms.\n` +
    `A user then got the first of its queued messages ${Math.round(firstMs)} ms after it began to connect. The files were in the system's cache.`
  );
}

/** Through the store adapter itself, which commits what waits together. */
async function fill(data: string, pending: number): Promise<void> {
  const store = await openSqliteStore({
    dataFolder: data,
    queueMessagesMax: pending,
    queueOverflow: 'reject',
    senderQueueMessagesMax: 1e9,
    roomsPerUserMax: 1,
    devicesPerUserMax: 1,
    onAppended: () => {},
    onDamaged: () => {},
    onDamagedPart: () => {},
    onFailed: (error) => {
      throw error;
    },
  });
  const batch = 10_000;
  for (let done = 0; done < pending; done += batch) {
    const appends = Array.from({ length: Math.min(batch, pending - done) }, (_, index) => store.append(message(done + index)));
    await Promise.all(appends);
  }
  await store.close();
}

function message(index: number) {
  const content = JSON.stringify(`message ${index} ${'x'.repeat(80)}`);
  const common = { kind: 'direct', type: 'text', receipt: false, trusted: false, createdAtMs: Date.now(), storedAtMs: 0 } as const;
  return { ...common, senderId: `sender-${index % 100}`, recipientId: `user-${index % recipients}`, content, clientMsgId: `m${index}` };
}

async function sendMore(url: string): Promise<void> {
  const client = await connectAs(url, 'last-sender');
  await Promise.all(
    Array.from({ length: lastWords }, (_, index) =>
      client.send('message', { recipient_id: `user-${index % recipients}`, content: 'x'.repeat(500) }),
    ),
  );
  client.close();
}

async function firstMessage(url: string): Promise<void> {
  const client = await connectAs(url, 'user-1');
  await client.waitFor('message');
  client.close();
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
