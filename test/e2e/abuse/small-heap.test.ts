/**
 * A hub with a heap of 256 MB is flooded by everybody at once: strangers that read nothing, messages in fragments that never end, and
 * registered clients that send and broadcast as much as they can. It has to live, to serve those who behave, and to take new clients afterwards.
 */
import type { Socket } from 'node:net';
import { expect } from 'vitest';
import { frame, join, residentMiB } from '../../support/bare-socket.ts';
import { test } from '../../support/fixtures.ts';
import type { HubProcess } from '../../support/hub-process.ts';

const floodMs = 8000;
/** The flood runs in the same process as the witness, on the same two cores as the hub. */
const roundTripMaxMs = 5000;
/** The heap, and what waits outside of it: 64 MiB for all, the database, the program. */
const residentMaxMiB = 800;

/** Writes the bytes again and again, as fast as they are taken. */
function flood(socket: Socket, bytes: Buffer): void {
  const send = (): void => {
    if (socket.destroyed) return;
    if (socket.write(bytes)) setImmediate(send);
    else socket.once('drain', send);
  };
  send();
}

const event = (name: string, payload: object): Buffer => frame(`42${JSON.stringify([name, payload])}`);

const junk = Buffer.concat(Array.from({ length: 1000 }, () => frame('42["x"]')));
const pieces = Buffer.concat([
  frame('42', 'text', false),
  ...Array.from({ length: 900 }, () => frame('x'.repeat(1000), 'continuation', false)),
]);
const sends = event('message', { recipient_id: 'nobody', content: 'm'.repeat(60_000) });
const broadcasts = event('broadcast', { content: 'b'.repeat(60_000) });
const asks = event('history', { user_id: 'nobody', limit: 500 });

/** Resolves when all have joined, and begins only then. */
async function startFlood(hub: HubProcess): Promise<readonly Socket[]> {
  const registered = await Promise.all(
    Array.from({ length: 60 }, (_, index) => join(hub, JSON.stringify({ user_id: `flooder-${index}` }), 'registered')),
  );
  const strangers = await Promise.all(Array.from({ length: 160 }, () => join(hub)));
  registered.forEach((socket, index) => void flood(socket, [sends, broadcasts, asks][index % 3] ?? sends));
  for (const socket of strangers.slice(0, 60)) flood(socket, junk);
  for (const socket of strangers.slice(60)) socket.write(pieces);
  return [...registered, ...strangers];
}

test('a hub with a small heap outlives a flood of all kinds, serves a witness, and takes new clients afterwards', {
  timeout: 60_000,
}, async ({ startHub, connectAs, onTestFinished }) => {
  const hub = await startHub({ env: { NODE_OPTIONS: '--max-old-space-size=256' } });
  const witness = await connectAs(hub.url, 'witness', { reconnection: false });
  const flooders = await startFlood(hub);
  const endFlood = (): void => flooders.forEach((socket) => void socket.destroy());
  onTestFinished(endFlood);

  const untilMs = performance.now() + floodMs;
  let [longestMs, peakMiB] = [0, 0];
  while (performance.now() < untilMs) {
    const startedMs = performance.now();
    expect(await witness.send('ping_hub', {})).toHaveProperty('timestamp');
    longestMs = Math.max(longestMs, performance.now() - startedMs);
    peakMiB = Math.max(peakMiB, residentMiB(hub));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(longestMs).toBeLessThan(roundTripMaxMs);
  expect(peakMiB).toBeLessThan(residentMaxMiB);
  endFlood();

  await expect
    .poll(
      () => connectAs(hub.url, 'newcomer').then((client) => client.send('message', { recipient_id: 'witness', content: 'hello' }), String),
      { timeout: 10_000 },
    )
    .toMatchObject({ status: 'success' });
  await expect.poll(() => witness.all('message')).toMatchObject([{ sender_id: 'newcomer', content: 'hello' }]);
  expect(witness.socket.connected).toBe(true);
});

test('100 connections that watch 10,000 users each leave room for a newcomer', { timeout: 60_000 }, async ({
  startHub,
  connectAs,
  onTestFinished,
}) => {
  const hub = await startHub({ env: { NODE_OPTIONS: '--max-old-space-size=256' } });
  const witness = await connectAs(hub.url, 'witness', { reconnection: false });
  const watchers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => join(hub, JSON.stringify({ user_id: `watcher-${index}` }), 'registered')),
  );
  onTestFinished(() => watchers.forEach((socket) => void socket.destroy()));
  for (let count = 0; count < 10; count++) {
    watchers.forEach((socket, index) => {
      const users = Array.from({ length: 1000 }, (_, user) => `of-${index}-${count}-${user}`);
      socket.resume().write(event('presence', { watch: true, user_ids: users }));
    });
    await witness.settled();
  }
  await expect.poll(() => connectAs(hub.url, 'newcomer').then(() => 'in', String), { timeout: 20_000 }).toBe('in');
  expect(watchers.filter((socket) => socket.destroyed)).toEqual([]);
  expect(witness.socket.connected).toBe(true);
});
