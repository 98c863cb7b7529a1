/** The hub as a library inside a server of the application's own. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createHub, type Hub, type HubEvent } from '@parley/hub';
import { expect, onTestFinished } from 'vitest';
import { test } from '../support/fixtures.ts';
import { temporaryFolder } from '../support/hub-process.ts';

async function serve(hub: Hub, ownRoutes?: RequestListener): Promise<string> {
  const server = createServer(ownRoutes);
  hub.attach(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : expect.fail('no port');
}

async function openHub(): Promise<Hub> {
  const hub = await createHub({ data: ':memory:' });
  onTestFinished(() => hub.close());
  return hub;
}

test('the application keeps its routes, and without routes the hub shows its own', async () => {
  const hub = await openHub();
  const shop = await serve(hub, (_request, response) => response.end('the shop'));
  expect(await (await fetch(`${shop}/health`)).text()).toBe('the shop');
  expect((await fetch(`${shop}/socket.io/socket.io.js`)).status).toBe(200);
  const alone = await serve(hub);
  expect(await (await fetch(`${alone}/health`)).json()).toEqual({ status: 'healthy' });
});

test('the application sends as it likes, to people who are there and who are not', async ({ connectAs }) => {
  const hub = await openHub();
  const url = await serve(hub);
  const events: HubEvent[] = [];
  const unsubscribe = hub.subscribe((event) => events.push(event));
  await hub.api.createRoom({ room_id: 'staff', room_name: 'Staff', created_by: 'shop', is_private: true });
  await hub.api.addMember('staff', 'sam');
  await hub.api.sendToUser('sam', { text: 'one teapot' }, { sender_id: 'shop', type: 'order' });
  await hub.api.sendToRoom('staff', 'all hands');

  const sam = await connectAs(url, 'sam');
  expect(sam.registered).toMatchObject({ rooms: ['staff'], queued: 2 });
  expect(await sam.waitFor('message')).toMatchObject([{ sender_id: 'shop', type: 'order', content: { text: 'one teapot' }, seq: 1 }]);
  expect(await sam.waitFor('room_message')).toMatchObject([{ room_id: 'staff', sender_id: 'system', content: 'all hands' }]);
  expect(await hub.api.broadcast('closing')).toEqual({ status: 'success', recipients: 1 });
  expect(await sam.waitFor('broadcast')).toMatchObject([{ content: 'closing' }]);
  expect(events.map((event) => event.type)).toEqual(expect.arrayContaining(['user_joined', 'stored', 'registered']));

  unsubscribe();
  const heard = events.length;
  await hub.api.sendToUser('sam', 'unheard');
  expect(events).toHaveLength(heard);
  await expect(hub.api.sendToRoom('nowhere', 'x')).rejects.toMatchObject({ code: 'room_not_found' });
});

test('a hub whose data folder was taken away says in /health and /ready that its store has failed', { timeout: 20_000 }, async () => {
  const folder = await temporaryFolder();
  onTestFinished(folder.remove);
  const { promise: failed, resolve: onFailed } = Promise.withResolvers<unknown>();
  const hub = await createHub({ data: folder.path, onFailed });
  onTestFinished(() => hub.close());
  const url = await serve(hub);
  const ask = async (path: string) => {
    const response = await fetch(url + path);
    return [response.status, await response.json()];
  };
  expect([await ask('/health'), await ask('/ready')]).toEqual([
    [200, { status: 'healthy' }],
    [200, { status: 'ready' }],
  ]);
  await folder.remove();
  await failed;
  expect([await ask('/health'), await ask('/ready')]).toEqual([
    [503, { status: 'failed' }],
    [503, { status: 'failed' }],
  ]);
});
