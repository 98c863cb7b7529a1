/** A server that accepts connections and says nothing: one that is frozen, or a network that swallows all. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openBus } from './open-bus.ts';

test.for(['redis', 'rediss', 'nats', 'tls', 'postgres'])('attempts to connect by %s:// do not pile up', async (scheme) => {
  const open = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;

  const reasons: (string | undefined)[] = [];
  const times = { connectTimeoutMs: 50, retryMinMs: 5, retryMaxMs: 5 };
  const open1 = openBus(`${scheme}://user:password@127.0.0.1:${port}/1`, { clusterId: 'c', ...times });
  const bus = await open1({ onFrame() {}, onState: (_state, reason) => reasons.push(reason) });
  onTestFinished(async () => {
    await bus.close();
    for (const socket of open) socket.destroy();
    server.close();
  });
  await expect.poll(() => accepted, { timeout: 20_000 }).toBeGreaterThan(12);
  expect(open.size).toBeLessThanOrEqual(4);
  expect(reasons).toEqual(['no answer within 50 ms']);
  await bus.close();
  await expect.poll(() => open.size).toBe(0);
});
