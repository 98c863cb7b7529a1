/** SIGTERM, as a process manager sends it. */
import { expect } from 'vitest';
import { test } from '../support/fixtures.ts';
import { WebSocketWire } from '../torture/clients/websocket-wire.ts';

test('a client that neither reads nor closes does not hold up the shutdown beyond the drain time', async ({ startHub }) => {
  const hub = await startHub({ args: ['--drain.timeout', '1s'] });
  const wire = await new Promise<WebSocketWire>((resolve) => {
    const opened: WebSocketWire = new WebSocketWire(hub.port, '', { onPacket: () => resolve(opened), onEnd: () => {} });
  });
  wire.hang();

  expect(await hub.stop()).toBe(0);
});
