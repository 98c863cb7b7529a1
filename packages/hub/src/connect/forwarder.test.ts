import { createServer, request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../lib/clock.ts';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { Forwarder } from './forwarder.ts';
import { defaultConnectOptions } from './options.ts';
import { listen } from './server.test-support.ts';

/** A poll at a forwarder whose owner takes requests and never answers. */
async function startSilent(clock: Clock) {
  const arrived = Promise.withResolvers<void>();
  const owner = createServer(() => arrived.resolve());
  const address = `127.0.0.1:${await listen(owner)}`;
  const owners = { newId: () => '', ownerOf: () => 'unknown' as const, isLive: () => true };
  const refused: string[] = [];
  const forwarder = new Forwarder({
    ...{ options: defaultConnectOptions, clock, owners },
    seal: () => 'sealed',
    onRefused: (reason) => refused.push(reason),
  });
  const front = createServer((req, res) => forwarder.request({ node: 2, address }, 'x', req, res));
  const port = await listen(front);
  const status = Promise.withResolvers<number | undefined>();
  request({ port, agent: false }, (answer) => status.resolve(answer.statusCode)).end();
  onTestFinished(() => {
    forwarder.close();
    for (const server of [owner, front]) {
      server.close();
      server.closeAllConnections();
    }
  });
  await arrived.promise;
  return { refused, status: status.promise };
}

test('an owner that is silent for a second is given up, not before', async () => {
  const clock = new ManualClock();
  const { refused, status } = await startSilent(clock);
  clock.advance(999);
  expect(refused).toEqual([]);
  clock.advance(1);
  expect(refused).toEqual(['owner_gone']);
  expect(await status).toBe(400);
});

test('a node that stood still itself hears what the owner has said meanwhile, before it gives it up', async () => {
  const clock = new ManualClock();
  const stoodStillMs = 10_000;
  const after: Clock['after'] = (delayMs, callback) => clock.after(delayMs + stoodStillMs, callback);
  const { refused } = await startSilent({
    after,
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    endOfTurn: (callback) => clock.endOfTurn(callback),
  });
  clock.advance(stoodStillMs + 999);
  expect(refused).toEqual([]);
});

test('nothing waits for a request that is over', async () => {
  const clock = new ManualClock();
  const { status } = await startSilent(clock);
  clock.advance(1000);
  await status;
  await expect.poll(() => clock.timerCount).toBe(0);
});
