/** A hub that runs out of file descriptors serves those it has, says so, and takes new clients again later. */
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { test } from '../support/fixtures.ts';

test('out of file descriptors: the hub goes on, says so, and heals', { timeout: 60_000 }, async ({
  startHub,
  connectAs,
  connect,
  onTestFinished,
}) => {
  const hub = await startHub({ openFilesMax: 64 });
  const ann = await connectAs(hub.url, 'ann');
  const bob = await connectAs(hub.url, 'bob');

  // More sockets than the process can open; those that it can't accept are dropped or wait in the kernel.
  const crowd = Array.from({ length: 100 }, () => {
    const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    socket.on('error', () => {});
    return socket;
  });
  onTestFinished(() => {
    for (const socket of crowd) socket.terminate();
  });
  await expect.poll(() => hub.output(), { timeout: 10_000 }).toContain('All file descriptors are in use');

  expect(await ann.send('message', { recipient_id: 'bob', content: 'still here' })).toMatchObject({ status: 'success' });
  expect(await bob.waitFor('message')).toMatchObject([{ content: 'still here' }]);

  for (const socket of crowd) socket.terminate();
  await expect
    .poll(
      () =>
        connect(hub.url).then(
          () => 'connected',
          () => 'refused',
        ),
      { timeout: 20_000, interval: 200 },
    )
    .toBe('connected');
});
