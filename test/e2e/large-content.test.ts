/** Whatever the limits are set to: a message that is accepted reaches its reader. */
import { expect } from 'vitest';
import { test } from '../support/fixtures.ts';

const mebibyte = 1024 ** 2;

test.for(['websocket', 'polling'])(
  'a message of content.max_size reaches its reader over %s, once, who is there and who comes later',
  { timeout: 90_000 },
  async (transport, { startHub, connect }) => {
    const hub = await startHub({ args: ['--packet.max-size', '32MiB', '--content.max-size', '16MiB', '--log.level', 'debug'] });
    const options = { transports: [transport], forceNew: true };
    const writer = await connect(hub.url, { ...options, auth: { user_id: 'writer' } });
    const reader = await connect(hub.url, { ...options, auth: { user_id: 'reader' } });
    // Two characters are the quotes of the JSON text.
    const contents = ['a'.repeat(9 * mebibyte), 'b'.repeat(16 * mebibyte - 2), 'c'];
    for (const content of contents)
      expect(await writer.send('message', { recipient_id: 'reader', content })).toMatchObject({ seq: expect.any(Number) });
    const isWhole = (messages: readonly { content?: unknown }[]) => messages.map(({ content }, index) => content === contents[index]);
    expect(isWhole(await reader.waitFor('message', 3, 20_000))).toEqual([true, true, true]);

    for (const content of contents) await writer.send('message', { recipient_id: 'later', content });
    const later = await connect(hub.url, { ...options, auth: { user_id: 'later' } });
    expect(isWhole(await later.waitFor('message', 3, 20_000))).toEqual([true, true, true]);
    await later.settled();
    for (const client of [reader, later]) {
      expect(client.received.map(({ name }) => name)).toEqual(['connected', 'registered', 'message', 'message', 'message']);
    }
    const larger = await writer.send('message', { recipient_id: 'reader', content: 'd'.repeat(16 * mebibyte - 1) });
    expect(larger).toMatchObject({ code: 'content_too_large' });
  },
);
