/** The promise of the durable inbox, as a stock client sees it, over each transport. */
import { expect } from 'vitest';
import { test } from '../support/fixtures.ts';

const count = 1000;

test.for([
  ['WebSocket', ['websocket']],
  ['long-polling', ['polling']],
  ['long-polling upgraded to WebSocket', ['polling', 'websocket']],
] as const)(
  'a user without a connection gets 1,000 direct and 1,000 room messages after a restart, over %s',
  { timeout: 60_000 },
  async ([, transports], { startHub, connectAs }) => {
    const before = await startHub();
    const bob = await connectAs(before.url, 'bob');
    await bob.send('join_room', { room_id: 'tea' });
    bob.close();
    const ann = await connectAs(before.url, 'ann');
    await ann.send('join_room', { room_id: 'tea' });

    const contents = Array.from({ length: count }, (_, index) => index);
    const direct = await Promise.all(contents.map((content) => ann.send('message', { recipient_id: 'bob', content })));
    const room = await Promise.all(contents.map((content) => ann.send('room_message', { room_id: 'tea', content })));
    const acknowledged = [...direct, ...room].filter((reply) => reply.status === 'success').length;
    expect(acknowledged).toBe(2 * count);
    await before.stop();

    const after = await startHub();
    const back = await connectAs(after.url, 'bob', { transports: [...transports] });
    expect(back.registered).toMatchObject({ queued: acknowledged, missed: 0 });
    const messages = await back.waitFor('message', count, 30_000);
    const roomMessages = await back.waitFor('room_message', count, 30_000);
    for (const got of [messages, roomMessages]) {
      expect(got.map((message) => message.content)).toEqual(contents);
      expect(got.map((message) => message.seq)).toEqual(contents.map((content) => content + 1));
      expect(got.filter((message) => message.redelivered === true)).toEqual([]);
    }
    await back.settled();
    expect(back.all('message').length + back.all('room_message').length).toBe(acknowledged);
  },
);
