/** Clients that do not wait for answers: what they send in one go is carried out as if they had. */
import { expect } from 'vitest';
import type { Payload } from '../support/client.ts';
import { test } from '../support/fixtures.ts';

test('a command that needs the one before it may be sent right behind it: register, create, join, leave, delete', async ({
  hub,
  connect,
}) => {
  const client = await connect(hub.url);
  const typing = { room_id: 'pipe', kind: 'typing' };
  const replies = await Promise.all([
    client.send('register', { user_id: 'plumber' }),
    client.send('message', { recipient_id: 'plumber', content: 1 }),
    client.send('create_room', { room_id: 'pipe', room_name: 'Pipe' }),
    client.send('signal', typing),
    client.send('leave_room', { room_id: 'pipe' }),
    client.send('signal', typing),
    client.send('join_room', { room_id: 'pipe' }),
    client.send('signal', typing),
    client.send('create_room', { room_id: 'drain', room_name: 'Drain' }),
    client.send('delete_room', { room_id: 'drain' }),
    client.send('signal', { room_id: 'drain', kind: 'typing' }),
  ]);
  expect(replies.map(({ status, code }) => code ?? status)).toEqual([
    ...['success', 'success', 'success', 'success', 'success', 'not_member', 'success', 'success', 'success', 'success', 'not_member'],
  ]);
});

test('thousands of sends and reads at once are all answered, the sends in their order', { timeout: 30_000 }, async ({ hub, connect }) => {
  const client = await connect(hub.url, { auth: { user_id: 'hasty' } });
  // To several, since one sender may have only so much waiting in one inbox.
  const sends = Array.from({ length: 3000 }, (_, content) => client.send('message', { recipient_id: content % 5, content }));
  const reads = Array.from({ length: 100 }, () => client.send('history', { user_id: 0, limit: 1 }));
  const sent: Payload[] = await Promise.all(sends);
  expect(sent.map(({ seq }) => seq)).toEqual(sent.map((_, index) => Math.floor(index / 5) + 1));
  expect((await Promise.all(reads)).every(({ status }) => status === 'success')).toBe(true);
});
