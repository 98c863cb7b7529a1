/** The stock Python client, as Debian packages it (python3-socketio, and python3-websocket for WebSocket). */
import { beforeEach, describe, expect } from 'vitest';
import type { Payload, ReceivedEvent } from '../support/client.ts';
import { test } from '../support/fixtures.ts';
import { pythonMissing, runPython } from '../support/python.ts';

beforeEach(({ skip }) => {
  if (pythonMissing.length > 0) skip(`not installed: ${pythonMissing.join(', ')}`);
});

const payloadOf = (events: readonly ReceivedEvent[], name: string): Payload =>
  events.find((event) => event.name === name)?.payload ?? expect.fail(`no "${name}" among ${JSON.stringify(events)}`);

describe.for(['polling', 'websocket', 'polling,websocket'])('the stock Python client over %s', { timeout: 90_000 }, (transports) => {
  test('the snippet of the origin works as it is, with numbers as ids', async ({ startHub, connectAs }) => {
    const hub = await startHub();
    const friend = await connectAs(hub.url, 2);
    const running = runPython('snippet.py', hub.url, transports);
    expect(await friend.waitFor('message', 1, 20_000)).toMatchObject([{ sender_id: 1, recipient_id: 2, content: 'Hello!', seq: 1 }]);
    await friend.send('message', { recipient_id: 1, content: 'Hello Python!' });

    const events = await running;
    expect(payloadOf(events, 'registered')).toMatchObject({ status: 'success', user_id: 1, connection_id: expect.any(String) });
    expect(payloadOf(events, 'room_created')).toMatchObject({ room_id: 'python-room', created_by: 1 });
    expect(payloadOf(events, 'joined_room')).toMatchObject({ room_id: 'python-room', members: [1] });
    expect(payloadOf(events, 'room_message')).toMatchObject({ room_id: 'python-room', sender_id: 1, content: 'Hello room!', seq: 1 });
    expect(payloadOf(events, 'message_sent')).toMatchObject({ status: 'success' });
    expect(payloadOf(events, 'message')).toMatchObject({ sender_id: 2, content: 'Hello Python!' });
    expect(events.filter((event) => event.name === 'error')).toEqual([]);
  });

  test('registers by its handshake, and by itself again after each restart of the hub', async ({ startHub, connectAs }) => {
    let hub = await startHub();
    const { port, url } = hub;
    const ann = await connectAs(url, 'ann', { auth: { user_id: 'ann' } });
    const running = runPython('handshake.py', url, transports, 'bob', '3');
    for (const [content, end] of [
      [1, () => hub.kill()],
      [2, () => hub.stop()],
      [3, async () => {}],
    ] as const) {
      await expect.poll(() => ann.socket.connected, { timeout: 10_000 }).toBe(true);
      await expect
        .poll(() => ann.send('presence', { user_ids: ['bob'] }), { timeout: 15_000 })
        .toMatchObject({ users: [{ user_id: 'bob', state: 'online' }] });
      await ann.send('message', { recipient_id: 'bob', content });
      await end();
      if (content < 3) hub = await startHub({ port });
    }
    const events = await running;
    expect(events.filter(({ name }) => name === 'registered')).toHaveLength(3);
    expect(payloadOf(events, 'messages')).toEqual({ list: [1, 2, 3] });
  });

  test('gets what waited for it, in order and once', async ({ hub, connectAs }) => {
    const user = `reader-${transports}`;
    const ann = await connectAs(hub.url, `writer-${transports}`);
    const contents = Array.from({ length: 200 }, (_, index) => `message ${index + 1} – ünïcödé 🐍`);
    await Promise.all(contents.map((content) => ann.send('message', { recipient_id: user, content, receipt: true })));

    const events = await runPython('inbox.py', hub.url, transports, user, '200');
    expect(payloadOf(events, 'registered')).toMatchObject({ status: 'success', queued: 200 });
    expect(payloadOf(events, 'messages').list).toMatchObject(contents.map((content, index) => ({ content, seq: index + 1 })));

    // Acknowledged by the pong of an unmodified client: the next connection gets nothing again.
    await ann.waitFor('message_delivered', 200);
    expect((await connectAs(hub.url, user)).registered).toMatchObject({ queued: 0 });
  });
});
