/** A reader that takes nothing for the slow deadline is closed, counted, and keeps its place in the log. */
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { test } from '../support/fixtures.ts';

test('a reader that takes nothing is closed and reads on from its place later', { timeout: 30_000 }, async ({
  startHub,
  connectAs,
  onTestFinished,
}) => {
  const hub = await startHub({ args: ['--ping.interval', '300s', '--slow.deadline', '1s'] });
  const stopped = new WebSocket(`${hub.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  stopped.on('error', () => {});
  onTestFinished(() => stopped.terminate());
  await new Promise<void>((resolve) => {
    stopped.on('message', (data) => {
      const text = String(data);
      if (text.startsWith('0')) stopped.send('40');
      else if (text.startsWith('40')) stopped.send('42["register",{"user_id":"bob"}]');
      else if (text.startsWith('42["registered"')) resolve();
    });
  });
  stopped.pause();

  const ann = await connectAs(hub.url, 'ann');
  const count = 250;
  const replies = await Promise.all(
    Array.from({ length: count }, (_, n) => ann.send('message', { recipient_id: 'bob', content: { n, padding: 'x'.repeat(60_000) } })),
  );
  expect(replies.every((reply) => reply.status === 'success')).toBe(true);
  const slowClosed = async () => JSON.parse(await (await fetch(`${hub.url}/api/stats`)).text()).slow_closed;
  await expect.poll(slowClosed, { timeout: 15_000 }).toBe(1);

  const bob = await connectAs(hub.url, 'bob');
  const messages = await bob.waitFor('message', count, 15_000);
  expect(messages.map((message) => message.seq)).toEqual(Array.from({ length: count }, (_, n) => n + 1));
});
