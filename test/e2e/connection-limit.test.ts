/** The limit of connections of a user, with connections that are only thought to be open: frozen, or cut off without a word. */
import { expect } from 'vitest';
import { test } from '../support/fixtures.ts';
import type { HubProcess } from '../support/hub-process.ts';
import { WebSocketWire } from '../torture/clients/websocket-wire.ts';

/** Registers over a raw socket, and from then on neither reads nor answers. */
function frozen(hub: HubProcess, userId: string, how: 'handshake' | 'register'): Promise<void> {
  return new Promise((resolve, reject) => {
    const wire: WebSocketWire = new WebSocketWire(hub.port, '', {
      onPacket(text) {
        if (text.startsWith('0')) wire.send(how === 'handshake' ? `40${JSON.stringify({ user_id: userId })}` : '40');
        else if (text.startsWith('40') && how === 'register') wire.send(`42${JSON.stringify(['register', { user_id: userId }])}`);
        else if (text.startsWith('42["registered"')) {
          wire.hang();
          resolve();
        }
      },
      onEnd: () => reject(new Error('the hub has closed the connection')),
    });
  });
}

test.for(['handshake', 'register'] as const)(
  'five half-open connections do not lock a user out: the sixth registers within 3 s by %s',
  { timeout: 30_000 },
  async (how, { startHub, connect, connectAs }) => {
    const hub = await startHub();
    await Promise.all(Array.from({ length: 5 }, () => frozen(hub, 'ann', how)));
    const startedMs = performance.now();
    const sixth = how === 'handshake' ? await connect(hub.url, { auth: { user_id: 'ann' } }) : await connectAs(hub.url, 'ann');
    expect(performance.now() - startedMs).toBeLessThan(3000);
    expect(await sixth.send('message', { recipient_id: 'ann', content: 'here' })).toMatchObject({ status: 'success' });
    expect(await sixth.waitFor('message')).toMatchObject([{ content: 'here' }]);
    const stats: unknown = await (await fetch(`${hub.url}/api/stats`)).json();
    expect(stats).toMatchObject({ pool: { total_connections: 1, refused: 0 } });
  },
);

test('connections that answer keep their places, and the sixth is refused at once', async ({ startHub, connect }) => {
  const hub = await startHub();
  const five = await Promise.all(Array.from({ length: 5 }, () => connect(hub.url, { auth: { user_id: 'ann' } })));
  const startedMs = performance.now();
  await expect(connect(hub.url, { auth: { user_id: 'ann' } })).rejects.toMatchObject({ data: { code: 'connection_limit' } });
  expect(performance.now() - startedMs).toBeLessThan(1000);
  for (const client of five) expect(await client.send('ping_hub', {})).toMatchObject({ status: 'success' });
});
