/** Messages that are larger than what the hub may buffer for a connection now. */
import { expect } from 'vitest';
import { test } from '../support/fixtures.ts';

const large = ['--packet.max_size', '16MiB', '--content.max_size', '12MiB'];
const content = 'x'.repeat(11 * 1024 * 1024);

test('a message that is too large since the limits were lowered is told once, and what follows comes', { timeout: 30_000 }, async ({
  startHub,
  connectAs,
}) => {
  const before = await startHub({ args: large });
  const ann = await connectAs(before.url, 'ann');
  await ann.send('message', { recipient_id: 'bob', content });
  await ann.send('message', { recipient_id: 'bob', content: 'small' });
  await before.stop();

  const hub = await startHub();
  const bob = await connectAs(hub.url, 'bob');
  const [message] = await bob.waitFor('message');
  expect(message).toMatchObject({ seq: 2, content: 'small' });
  expect(bob.all('error')).toMatchObject([{ code: 'message_too_large', event: 'message', details: { seq: 1 } }]);
  await expect
    .poll(async () => {
      const again = await connectAs(hub.url, 'bob');
      return again.registered.queued;
    })
    .toBe(0);
});
