/** What happens to users and messages when a node, the bus or the database fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, onTestFinished } from 'vitest';
import type { Client, Payload } from '../../support/client.ts';
import { type ClusterOptions, clusterMissing, pair, startCluster } from '../../support/cluster.ts';
import { test } from '../../support/fixtures.ts';

/** What is promised in 8 s and 2 s on a machine that has time; here others may run beside it. */
const offlineMaxMs = 16_000;
const delayMaxMs = 4000;

const missing = clusterMissing();
beforeEach(({ skip }) => {
  if (missing !== undefined) skip(`not installed: ${missing}`);
});

async function clusterOf(options: ClusterOptions = {}) {
  const cluster = await startCluster(options);
  onTestFinished(cluster.end);
  const [a, b] = pair(cluster);
  return { cluster, a, b };
}

const contentsOf = (messages: readonly Payload[]) => messages.map(({ content }) => content);
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Sends one number after the other, at most `everyMs` apart, each until it is stored. Resolves with the last one when `isOver`. */
async function keepSending(writer: Client, recipient_id: string, everyMs: number, isOver: () => boolean): Promise<number> {
  let content = 0;
  while (!isOver()) {
    content++;
    await sendUntilStored(writer, { recipient_id, content, client_msg_id: `n-${content}` });
    await sleep(everyMs);
  }
  return content;
}

async function sendUntilStored(writer: Client, message: { recipient_id: string; content: number; client_msg_id: string }): Promise<void> {
  for (const endMs = performance.now() + 30_000; performance.now() < endMs; ) {
    try {
      const reply = await writer.socket.timeout(2000).emitWithAck('message', message);
      if (reply.status === 'success') return;
    } catch {
      // No answer in time: the same message once more.
    }
    await sleep(50);
  }
  throw new Error(`Not stored in time: ${JSON.stringify(message)}`);
}

describe('a node', { timeout: 120_000 }, () => {
  test('that is killed: its users are offline soon, and get what they may not have received, marked', async ({ connect, connectAs }) => {
    const { a, b } = await clusterOf();
    const watcher = await connectAs(b.url, 'watcher');
    await watcher.send('presence', { user_ids: ['ann'], watch: true });
    const auth = { user_id: 'ann', ack: 'explicit' };
    const ann = await connect(a.url, { auth });
    await watcher.waitFor('presence');
    for (const content of [1, 2, 3]) await watcher.send('message', { recipient_id: 'ann', content });
    await ann.waitFor('message', 3);

    const killedMs = performance.now();
    await a.kill();
    expect((await watcher.waitFor('presence', 2, 30_000))[1]).toMatchObject({ user_id: 'ann', state: 'offline' });
    expect(performance.now() - killedMs).toBeLessThan(offlineMaxMs);
    await watcher.send('message', { recipient_id: 'ann', content: 4 });

    const again = await connect(b.url, { auth });
    const messages = await again.waitFor('message', 4);
    expect(contentsOf(messages)).toEqual([1, 2, 3, 4]);
    for (const message of messages.slice(0, 3)) expect(message).toMatchObject({ redelivered: true });
  });

  test('that is killed: its users may come to another one at once', async ({ connect, connectAs }) => {
    const { a, b } = await clusterOf();
    const five = await Promise.all(numbers(1, 5).map(() => connect(a.url, { auth: { user_id: 'ann' } })));
    await a.kill();
    for (const client of five) client.close();
    const comes = () =>
      connectAs(b.url, 'ann').then(
        () => 'here',
        () => 'refused',
      );
    await expect.poll(comes, { timeout: 20_000 }).toBe('here');
  });

  test('that is frozen for 12 s acknowledges nothing, and comes back by itself', async ({ connect, connectAs }) => {
    const { a, b } = await clusterOf();
    const watcher = await connectAs(b.url, 'watcher');
    await watcher.send('presence', { user_ids: ['ann'], watch: true });
    const ann = await connect(a.url, { auth: { user_id: 'ann' } });
    await watcher.waitFor('presence');

    a.signal('SIGSTOP');
    const frozenMs = performance.now();
    const outcome = ann.socket
      .timeout(40_000)
      .emitWithAck('message', { recipient_id: 'watcher', content: 'while frozen' })
      .then(
        (reply: Payload) => reply.status,
        () => 'no answer',
      );
    const offline = watcher.waitFor('presence', 2, 30_000);
    expect((await offline)[1]).toMatchObject({ user_id: 'ann', state: 'offline' });
    expect(performance.now() - frozenMs).toBeLessThan(offlineMaxMs);
    await watcher.send('message', { recipient_id: 'ann', content: 'meanwhile' });
    await sleep(Math.max(0, 12_000 - (performance.now() - frozenMs)));
    a.signal('SIGCONT');

    // The client was sent away, and is back.
    await ann.waitFor('registered', 2, 30_000);
    expect((await watcher.waitFor('presence', 3, 15_000))[2]).toMatchObject({ user_id: 'ann', state: 'online' });
    expect(contentsOf(await ann.waitFor('message'))).toEqual(['meanwhile']);
    expect(await outcome).not.toBe('success');
    expect(await ann.send('message', { recipient_id: 'watcher', content: 'back' })).toMatchObject({ status: 'success' });
    expect(contentsOf(await watcher.waitFor('message'))).toEqual(['back']);
  });

  test('is restarted by SIGTERM, and then the other one: nothing is lost or out of order', async ({ connect }) => {
    const { cluster, a, b } = await clusterOf({ args: ['--drain.timeout', '2s'] });
    let isOver = false;
    const reader = await connect(b.url, { auth: { user_id: 'reader' } });
    const writer = await connect(a.url, { auth: { user_id: 'writer' } });
    const sending = keepSending(writer, 'reader', 10, () => isOver);
    for (const node of [a, b]) {
      await sleep(500);
      expect(await node.stop()).toBe(0);
      await cluster.startNode({ port: node.port });
      await sleep(1500);
    }
    isOver = true;
    const last = await sending;
    await expect.poll(() => reader.all('message').some(({ content }) => content === last), { timeout: 15_000 }).toBe(true);
    // At least once: what came again is marked, or was written to a connection that ended.
    const seqs = [...new Set(reader.all('message').map(({ seq }) => seq))];
    expect(seqs).toEqual(numbers(1, last));
    expect([...new Set(contentsOf(reader.all('message')))]).toEqual(numbers(1, last));
  });
});

describe.for([['redis'], ['nats']] as const)('the bus %s', { timeout: 120_000 }, ([bus]) => {
  test('is gone for 5 s: every message comes soon, none is missing', async ({ connectAs, skip }) => {
    const busMissing = clusterMissing(bus);
    if (busMissing !== undefined) skip(`not installed: ${busMissing}`);
    const { cluster, a, b } = await clusterOf({ bus });
    const [ann, bob] = [await connectAs(a.url, 'ann'), await connectAs(b.url, 'bob')];
    const sentMs = new Map<unknown, number>();
    const delaysMs: number[] = [];
    bob.socket.on('message', ({ content }: Payload) => delaysMs.push(performance.now() - (sentMs.get(content) ?? Number.NaN)));
    const send = async (content: number): Promise<void> => {
      sentMs.set(content, performance.now());
      expect(await ann.send('message', { recipient_id: 'bob', content })).toMatchObject({ status: 'success' });
      await sleep(20);
    };
    let content = 0;
    const sendFor = async (ms: number): Promise<void> => {
      for (const endMs = performance.now() + ms; performance.now() < endMs; ) await send(++content);
    };
    await sendFor(500);
    await cluster.bus?.kill();
    await sendFor(5000);
    await cluster.bus?.start();
    await sendFor(4000);
    const messages = await bob.waitFor('message', content, 20_000);
    expect(contentsOf(messages)).toEqual(numbers(1, content));
    expect(Math.max(...delaysMs)).toBeLessThan(delayMaxMs);
  });
});

describe('PostgreSQL', { timeout: 120_000 }, () => {
  test.for(['fast', 'immediate'] as const)(
    'is restarted (%s): that is a pause, and nothing is lost or doubled',
    async (mode, { connectAs }) => {
      const { cluster, a, b } = await clusterOf();
      const [ann, bob] = [await connectAs(a.url, 'ann'), await connectAs(b.url, 'bob')];
      let isOver = false;
      const sending = keepSending(ann, 'bob', 5, () => isOver);
      await bob.waitFor('message', 20, 20_000);
      await cluster.postgres.stop(mode);
      await sleep(2000);
      await cluster.postgres.start();
      await sleep(4000);
      isOver = true;
      const last = await sending;
      expect(contentsOf(await bob.waitFor('message', last, 20_000))).toEqual(numbers(1, last));
      await bob.settled();
      expect(bob.all('message').map(({ seq }) => seq)).toEqual(numbers(1, last));
      // Nobody had to come back for it.
      for (const client of [ann, bob]) expect(client.all('connected')).toHaveLength(1);
    },
  );
});
