/** The table of docs/reconnecting.md: after which end of a connection a stock client comes back, with nothing but its defaults. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createHub } from '@parley/hub';
import { closingTable } from '@parley/protocol';
import { io, type Socket } from 'socket.io-client';
import { expect, onTestFinished } from 'vitest';
import { test } from '../support/fixtures.ts';

interface Told {
  readonly socket: Socket;
  /** What the client was told of its connection, in order. */
  readonly events: readonly string[];
}

/** A stock client whose first connect is awaited; only its patience is shortened. */
async function connected(url: string, auth: Record<string, unknown>): Promise<Told> {
  const socket = io(url, { auth, forceNew: true, transports: ['websocket'], reconnectionDelay: 20, reconnectionDelayMax: 50 });
  onTestFinished(() => void socket.disconnect());
  const events: string[] = [];
  socket.on('connect', () => events.push('connect'));
  socket.on('connect_error', (error: Error & { data?: { code?: string } }) => events.push(`connect_error ${error.data?.code}`));
  socket.on('disconnect', (reason) => events.push(`disconnect ${reason}`));
  socket.on('going_away', ({ reason, reconnect }) => events.push(`going_away ${reason} ${reconnect}`));
  socket.on('error', ({ code }) => events.push(`error ${code}`));
  await expect.poll(() => events.length, { timeout: 10_000 }).toBeGreaterThan(0);
  return { socket, events };
}

const ends = (told: Told, events: readonly string[]) => expect.poll(() => told.events, { timeout: 10_000 }).toEqual(events);

test('nobody registered in time: the transport closes, and the client comes back', async ({ startHub }) => {
  const hub = await startHub({ args: ['--register.timeout', '1s'] });
  const told = await connected(hub.url, {});
  await expect
    .poll(() => told.events.slice(0, 4), { timeout: 10_000 })
    .toEqual(['connect', 'going_away registration_timeout true', 'disconnect transport close', 'connect']);
});

test('a wrong field, or one connection too many: the client is told, and stays away', async ({ startHub }) => {
  const hub = await startHub({ args: ['--connections.max-per-user', '1'] });
  const wrong = await connected(hub.url, { user_id: 1, ack: 'perhaps' });
  await connected(hub.url, { user_id: 1 });
  const second = await connected(hub.url, { user_id: 1 });
  await ends(wrong, ['connect_error invalid_payload']);
  await ends(second, ['connect_error connection_limit']);
  expect([wrong.socket.active, second.socket.active]).toEqual([false, false]);
});

test('the application ended it: the client is told that this is final, and stays away', async () => {
  const hub = await createHub({ data: ':memory:' });
  const server = createServer();
  hub.attach(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    await hub.close();
  });
  const address = server.address();
  const told = await connected(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, { user_id: 'ann' });
  hub.api.disconnectUser('ann');
  await ends(told, ['connect', 'going_away disconnected_by_server false', 'disconnect io server disconnect']);
  expect(told.socket.active).toBe(false);
});

test.for(Object.entries(closingTable))('docs/reconnecting.md says of %s whether clients come back', ([reason, { reconnect }]) => {
  const text = readFileSync(new URL('../../docs/reconnecting.md', import.meta.url), 'utf8');
  const row = text.split('\n').find((line) => line.startsWith('|') && line.includes(`(\`${reason}\``)) ?? expect.fail('no row');
  expect(row.split('|')[3]?.trim()).toMatch(reconnect ? /^yes/ : /^\*\*no\*\*/);
});
