/**
 * Registered connections ask for history and read nothing, so that what all connections may hold together is used up. Somebody who comes
 * back meanwhile must be given what waits for it, and what is sent to it, without delay.
 */
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { test } from '../../support/fixtures.ts';

const abusers = 30;
const requests = 14;
const queued = 2000;
const senders = 4;

/** Joins the room, asks for its history again and again, and reads nothing more. */
async function askAndReadNothing(url: string, userId: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  const came = (start: string): Promise<void> =>
    new Promise((resolve) => {
      socket.on('message', (data) => String(data).startsWith(start) && resolve());
    });
  await came('0');
  socket.send(`40${JSON.stringify({ user_id: userId })}`);
  await came('42["registered"');
  socket.send(`42${JSON.stringify(['join_room', { room_id: 'archive' }])}`);
  await came('42["joined_room"');
  socket.pause();
  for (let request = 0; request < requests; request++) socket.send(`42${JSON.stringify(['history', { room_id: 'archive', limit: 500 }])}`);
  return socket;
}

test('connections that ask for history and read nothing keep nobody from what waits for it', { timeout: 60_000 }, async ({
  startHub,
  connectAs,
  onTestFinished,
}) => {
  const hub = await startHub({ args: ['--outbox.total', '3MiB', '--ping.interval', '300s', '--slow.deadline', '300s'] });
  const archivist = await connectAs(hub.url, 'archivist');
  await archivist.send('join_room', { room_id: 'archive' });
  const page = 'x'.repeat(60_000);
  for (let count = 0; count < 10; count++) await archivist.send('room_message', { room_id: 'archive', content: page });
  for (let sender = 0; sender < senders; sender++) {
    const client = await connectAs(hub.url, `sender-${sender}`);
    const sends = Array.from({ length: queued / senders }, (_, index) =>
      client.send('message', { recipient_id: 'returning', content: `${index} ${'y'.repeat(100)}` }),
    );
    await Promise.all(sends);
  }

  for (let abuser = 0; abuser < abusers; abuser++) {
    const socket = await askAndReadNothing(hub.url, `abuser-${abuser}`);
    onTestFinished(() => socket.terminate());
  }

  const returning = await connectAs(hub.url, 'returning');
  expect(returning.registered.queued).toBe(queued);
  const messages = await returning.waitFor('message', queued, 5000);
  expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: queued }, (_, index) => index + 1));
  await archivist.send('message', { recipient_id: 'returning', content: 'and live' });
  await returning.waitFor('message', queued + 1, 2000);
});
