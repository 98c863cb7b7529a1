/** Who may connect, as an application decides that embeds the hub. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type Authenticator, createHub, type Hub } from '@parley/hub';
import { io } from 'socket.io-client';
import { expect, onTestFinished } from 'vitest';
import { test } from '../support/fixtures.ts';

async function serve(authenticate: Authenticator['authenticate']): Promise<{ url: string; hub: Hub; errors: string[] }> {
  const errors: string[] = [];
  const hub = await createHub({
    data: ':memory:',
    authenticator: { method: 'session', authenticate },
    log: { debug() {}, info() {}, warn() {}, error: (fields) => errors.push(String(Reflect.get(fields, 'error'))) },
  });
  const server = createServer();
  hub.attach(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    await hub.close();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : expect.fail('no port');
  return { url: `http://127.0.0.1:${port}`, hub, errors };
}

const sessions: Readonly<Record<string, string>> = { 'session=abc': 'ann', 'session=def': 'bob' };

test('the user is the one of the cookie, without a word of the client, and nobody else', async ({ connect }) => {
  const { url, hub } = await serve(({ headers }) => {
    const userId = sessions[headers.cookie ?? ''];
    return userId === undefined ? { refuse: { message: 'Sign in first.', data: { login: '/login' } } } : { userId };
  });
  await hub.api.sendToUser('ann', 'hello');
  const ann = await connect(url, { extraHeaders: { cookie: 'session=abc' } });
  expect(await ann.waitFor('message')).toMatchObject([{ content: 'hello' }]);
  expect(ann.all('connected')).toMatchObject([{ auth: 'session' }]);
  expect(ann.all('registered')).toMatchObject([{ user_id: 'ann', queued: 1 }]);

  await expect(connect(url, { extraHeaders: { cookie: 'session=no' } })).rejects.toMatchObject({
    ...{ message: 'Sign in first.', data: { login: '/login' } },
  });
  await expect(connect(url, { extraHeaders: { cookie: 'session=def' }, auth: { user_id: 'ann' } })).rejects.toMatchObject({
    data: { code: 'sender_mismatch' },
  });
  expect(await ann.send('register', { user_id: 'bob' })).toMatchObject({ code: 'already_registered' });
});

test('an authenticator that fails lets nobody in, says so in the log, and clients come back when it is mended', async () => {
  let isBroken = true;
  const { url, errors } = await serve(() => {
    if (isBroken) throw new Error('the user database is away');
    return { userId: 'ann' };
  });
  const socket = io(url, { transports: ['websocket'], reconnectionDelay: 20, reconnectionDelayMax: 50, forceNew: true });
  onTestFinished(() => void socket.close());
  let wasConnected = false;
  socket.on('connect', () => {
    wasConnected = true;
  });
  await expect.poll(() => errors.length).toBeGreaterThan(1);
  expect(errors[0]).toContain('authenticator');
  expect(wasConnected).toBe(false);
  isBroken = false;
  await expect.poll(() => socket.connected).toBe(true);
});

test('a user whom the application disconnects learns that it is for good, and stays away', async ({ connect }) => {
  const { url, hub } = await serve(() => ({ userId: 'ann' }));
  const ann = await connect(url);
  const ended = new Promise((resolve) => ann.socket.once('disconnect', resolve));
  expect(hub.api.disconnectUser('ann')).toBe(1);
  expect(await ended).toBe('io server disconnect');
  expect(ann.all('going_away')).toEqual([{ reason: 'disconnected_by_server', reconnect: false }]);
  expect(ann.socket.active).toBe(false);
});
