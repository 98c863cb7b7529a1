/** Who a client is, said in its handshake: `io(url, { auth: { user_id } })` instead of a `register` after each connect. */
import { io } from 'socket.io-client';
import { describe, expect } from 'vitest';
import type { Payload } from '../support/client.ts';
import { test } from '../support/fixtures.ts';
import type { HubProcess } from '../support/hub-process.ts';

const names = (events: readonly { readonly name: string }[]) => events.map(({ name }) => name);

describe('a client that says in its handshake who it is', () => {
  test.for([['websocket'], ['polling']])(
    'gets its inbox without sending anything, over %s',
    async ([transport = ''], { hub, connectAs, connect }) => {
      const [ann, bob] = [`ann-${transport}`, `bob-${transport}`];
      const writer = await connectAs(hub.url, ann);
      for (const content of [1, 2]) await writer.send('message', { recipient_id: bob, content });

      const listener = await connect(hub.url, { transports: [transport], auth: { user_id: bob } });
      await listener.waitFor('message', 2);
      expect(names(listener.received)).toEqual(['connected', 'registered', 'message', 'message']);
      expect(listener.all('registered')).toMatchObject([{ status: 'success', user_id: bob, rooms: [], queued: 2, missed: 0 }]);
      await writer.send('message', { recipient_id: bob, content: 3 });
      expect((await listener.waitFor('message', 3)).map(({ content }) => content)).toEqual([1, 2, 3]);
    },
  );

  test('has the device, the way to acknowledge and the state that it names', async ({ hub, connect, connectAs }) => {
    const watcher = await connectAs(hub.url, 'watcher');
    await watcher.send('presence', { user_ids: ['hidden', 'busy'], watch: true });
    const client = await connect(hub.url, { auth: { user_id: 'busy', device_id: 'phone', ack: 'explicit', state: 'dnd' } });
    expect(await client.send('ack', { seq: 1 })).toMatchObject({ code: 'ack_out_of_range' });
    const hidden = await connect(hub.url, { auth: { user_id: 'hidden', state: 'invisible' } });
    await hidden.waitFor('registered');
    expect(await watcher.waitFor('presence')).toMatchObject([{ user_id: 'busy', state: 'dnd' }]);
    await watcher.settled();
    expect(watcher.all('presence').filter(({ user_id }) => user_id === 'hidden')).toEqual([]);
  });

  test('may say it with a function, and register again as itself only', async ({ hub, connect }) => {
    const client = await connect(hub.url, { auth: (say) => say({ user_id: 4712 }) });
    expect(await client.waitFor('registered')).toMatchObject([{ user_id: 4712 }]);
    expect(await client.send('register', { user_id: '4712' })).toMatchObject({ status: 'success', queued: 0 });
    expect(await client.send('register', { user_id: 'eve' })).toMatchObject({ code: 'already_registered' });
  });

  test.for([
    ['an empty name', { user_id: '' }],
    ['a name of the wrong type', { user_id: { $ne: 1 } }],
    ['an unknown way to acknowledge', { user_id: 'ann', ack: 'never' }],
  ] as const)('is refused with a failure that says what to mend: %s', async ([, auth], { hub, connect }) => {
    await expect(connect(hub.url, { auth })).rejects.toMatchObject({
      message: expect.stringContaining('auth: '),
      data: { status: 'error', code: 'invalid_payload' },
    });
  });

  test('is refused above the limit of connections, and may connect again when there is a place', async ({ startHub, connect }) => {
    const hub = await startHub({ args: ['--connections.max-per-user', '1'] });
    const first = await connect(hub.url, { auth: { user_id: 'ann' } });
    await expect(connect(hub.url, { auth: { user_id: 'ann' } })).rejects.toMatchObject({ data: { code: 'connection_limit' } });
    first.close();
    await expect.poll(() => connect(hub.url, { auth: { user_id: 'ann' } }).then(() => 'connected', String)).toBe('connected');
  });
});

test('a client that does not register in time is told why, and comes back by itself', async ({ startHub, connect }) => {
  const hub = await startHub({ args: ['--register.timeout', '1s'] });
  const client = await connect(hub.url);
  const reasons: string[] = [];
  client.socket.on('disconnect', (reason) => reasons.push(reason));
  expect(await client.waitFor('going_away')).toEqual([{ reason: 'registration_timeout', reconnect: true }]);
  await client.waitFor('connected', 2);
  expect(reasons).toEqual(['transport close']);
  expect(await client.send('register', { user_id: 'late' })).toMatchObject({ status: 'success' });
});

interface Restart {
  readonly name: string;
  readonly end: (hub: HubProcess) => Promise<unknown>;
}

const restarts: readonly Restart[] = [
  { name: 'kill -9', end: (hub) => hub.kill() },
  { name: 'SIGTERM', end: (hub) => hub.stop() },
];

/** Only what the stock client does by itself: it comes back, and then sends what it was given meanwhile. */
test.for(restarts)(
  'over restarts by $name nothing that a stock client sends while it is away is refused or lost, and it always returns by itself',
  { timeout: 90_000 },
  async ({ end }, { startHub, onTestFinished }) => {
    let hub = await startHub();
    const { port, url } = hub;
    const options = { transports: ['websocket'], reconnectionDelay: 20, reconnectionDelayMax: 100, forceNew: true };
    const listener = io(url, { ...options, auth: { user_id: 'bob' } });
    const sender = io(url, { ...options, auth: { user_id: 'ann' } });
    onTestFinished(() => {
      sender.close();
      listener.close();
    });
    const got = new Map<number, unknown>();
    listener.on('message', ({ seq, content }: Payload) => got.set(Number(seq), content));
    const refused: unknown[] = [];
    for (const socket of [listener, sender]) {
      socket.on('error', (failure) => refused.push(failure));
      socket.on('disconnect', (reason) => reason === 'io server disconnect' && refused.push(reason));
    }

    // Every message is sent until it is answered: what was under way when the hub went has no answer, which the client knows.
    const acknowledged = new Set<number>();
    const unanswered = new Set<number>();
    const send = (content: number): void => {
      unanswered.add(content);
      sender.emit('message', { recipient_id: 'bob', content, client_msg_id: `m${content}` }, (reply: Payload) => {
        unanswered.delete(content);
        if (reply.status === 'success') acknowledged.add(content);
        else if (reply.code === 'shutting_down') send(content);
        else refused.push(reply);
      });
    };
    sender.on('disconnect', () => sender.once('connect', () => [...unanswered].forEach(send)));
    let sent = 0;
    // Slow enough that what gathers during a restart is not more than one sender may have waiting in one inbox.
    const timer = setInterval(() => send(++sent), 10);
    onTestFinished(() => clearInterval(timer));

    for (let round = 0; round < 4; round++) {
      await expect.poll(() => sender.connected && listener.connected, { timeout: 10_000 }).toBe(true);
      await expect.poll(() => acknowledged.size, { timeout: 10_000 }).toBeGreaterThan(50 * (round + 1));
      await end(hub);
      hub = await startHub({ port });
    }
    clearInterval(timer);
    await expect.poll(() => unanswered.size, { timeout: 20_000 }).toBe(0);
    await expect.poll(() => new Set(got.values()).size, { timeout: 20_000 }).toBe(sent);
    expect(refused).toEqual([]);
    expect(acknowledged.size).toBe(sent);
  },
);
