/** Hubs behind a real nginx, which is configured as docs/behind-a-proxy.md says. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createHub } from '@parley/hub';
import { beforeEach, describe, expect, onTestFinished } from 'vitest';
import type { Client, ClientOptions } from '../support/client.ts';
import { test } from '../support/fixtures.ts';
import { fetchFrom, nginx, publicName, startNginx, visitor } from '../support/nginx.ts';

const guide = readFileSync(new URL('../../docs/behind-a-proxy.md', import.meta.url), 'utf8');
/** At the root, with the prefix taken away, with the path as it is. */
const [atRoot = '', stripped = '', kept = ''] = [...guide.matchAll(/```nginx\n([\s\S]*?)```/g)].map(([, code = '']) => code);
const below = (location: string): string => atRoot.replace(/ {2}location \/ \{[\s\S]*?\n {2}\}\n/, location);

const behindProxy = ['--hosts', publicName, '--proxies.trusted', '127.0.0.1'];

beforeEach(({ skip }) => {
  if (nginx === undefined) skip('not installed: nginx-light');
});

/** Options of a stock client that comes as `userId` from an address of its own. */
function from(address: string, userId: string, options: ClientOptions = {}): ClientOptions {
  // The types know only the browser's own agents here.
  return { auth: { user_id: userId }, rejectUnauthorized: false, ...Object({ agent: visitor(address) }), ...options };
}

async function expectTalk(ann: Client, bob: Client, content: string): Promise<void> {
  const count = bob.all('message').length;
  expect(await ann.send('message', { recipient_id: 'bob', content })).toMatchObject({ status: 'success' });
  expect((await bob.waitFor('message', count + 1, 10_000)).at(-1)).toMatchObject({ sender_id: 'ann', content });
}

describe.for([
  ['at the root', atRoot, '/socket.io/', []],
  ['below a prefix that nginx takes away', below(stripped), '/chat/socket.io/', []],
  ['at a path of its own', below(kept), '/chat/socket.io/', ['--path', '/chat/socket.io/']],
] as const)('a hub %s, behind nginx with TLS', ([_name, config, path, args]) => {
  test.for([[['websocket']], [['polling']], [['polling', 'websocket']]])(
    'is reached over %j, and again after it was killed',
    async ([transports = []], { startHub, connect }) => {
      const hub = await startHub({ args: [...behindProxy, ...args] });
      const url = await startNginx(config, hub.port);
      const [ann, bob] = [
        await connect(url, from('127.0.0.2', 'ann', { path, transports })),
        await connect(url, from('127.0.0.3', 'bob', { path, transports })),
      ];
      expect(await ann.waitFor('registered')).toMatchObject([{ user_id: 'ann' }]);
      await expectTalk(ann, bob, 'before');
      await bob.send('message', { recipient_id: 'ann', content: 'the other way' });
      expect(await ann.waitFor('message')).toMatchObject([{ sender_id: 'bob', content: 'the other way' }]);
      await expect.poll(() => ann.socket.io.engine.transport.name).toBe(transports.at(-1));

      await hub.kill();
      await startHub({ port: hub.port, args: [...behindProxy, ...args] });
      await ann.waitFor('registered', 2, 20_000);
      await bob.waitFor('registered', 2, 20_000);
      await expectTalk(ann, bob, 'after');
    },
  );
});

test('the page, what it consists of and the client library are found below a prefix', async ({ startHub }) => {
  const hub = await startHub({ args: behindProxy });
  const url = `${await startNginx(below(stripped), hub.port)}/chat/`;
  const page = await fetchFrom(url, '', { headers: { accept: 'text/html' } });
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining('<html') });
  const files = [...page.text.matchAll(/ (?:src|href)="([^"#]+)"/g)].map(([, name = '']) => name);
  expect(files).toEqual(expect.arrayContaining(['assets/page.js', 'assets/page.css', 'api/stats']));
  for (const file of [...files, 'socket.io/socket.io.esm.min.js']) expect(await fetchFrom(url, file)).toMatchObject({ status: 200 });
});

test('a hub on loopback that was not told its public name says which option is missing', async ({ startHub }) => {
  const hub = await startHub();
  const url = await startNginx(atRoot, hub.port);
  for (const path of ['/socket.io/?EIO=4&transport=polling', '/api/stats']) {
    expect(await fetchFrom(url, path)).toEqual({ status: 403, text: expect.stringMatching(/chat\.example\.com.*option \\"hosts\\"/) });
  }
});

test('pages of the public name may connect, and others when they are listed', async ({ startHub }) => {
  const hub = await startHub({ args: [...behindProxy, '--cors.origins', 'https://www.example.com'] });
  const url = await startNginx(atRoot, hub.port);
  const own = await startHub({ args: behindProxy, data: ':memory:' });
  const ownUrl = await startNginx(atRoot, own.port);
  const greeted = async (at: string, origin: string) =>
    (await fetchFrom(at, '/socket.io/?EIO=4&transport=polling', { headers: { origin } })).status;
  expect(await greeted(ownUrl, ownUrl)).toBe(200);
  expect(await greeted(ownUrl, 'https://www.example.com')).toBe(403);
  expect(await greeted(url, 'https://www.example.com')).toBe(200);
});

test('the address of a client is its own only if the proxy is trusted, and never what it says itself', async ({ connect }) => {
  const addressSeen = async (trustedProxies: readonly string[]): Promise<string | undefined> => {
    let seen: string | undefined;
    const hub = await createHub({
      data: ':memory:',
      hosts: [publicName],
      trustedProxies,
      authenticator: {
        method: 'test',
        async authenticate({ address }) {
          seen = address;
          return { userId: 'ann' };
        },
      },
    });
    onTestFinished(() => hub.close());
    const server = createServer();
    hub.attach(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    const url = await startNginx(atRoot, typeof address === 'object' && address !== null ? address.port : 0);
    const client = await connect(url, from('127.0.0.2', 'ann', { extraHeaders: { 'x-forwarded-for': '203.0.113.7' } }));
    await client.waitFor('registered');
    return seen;
  };
  expect(await addressSeen(['127.0.0.1'])).toBe('127.0.0.2');
  expect(await addressSeen([])).toBe('127.0.0.1');
});

test('strangers behind a trusted proxy are limited each by their own address', async ({ startHub }) => {
  const hub = await startHub({ args: [...behindProxy, '--strangers.max-per-address', '1'] });
  const url = await startNginx(atRoot, hub.port);
  const greet = async (address: string): Promise<number> =>
    (await fetchFrom(url, '/socket.io/?EIO=4&transport=polling', { agent: visitor(address) })).status;
  const displaced = async (): Promise<unknown> => JSON.parse((await fetchFrom(url, '/api/stats')).text).strangers.displaced;
  expect([await greet('127.0.0.2'), await greet('127.0.0.3'), await displaced()]).toEqual([200, 200, 0]);
  expect([await greet('127.0.0.2'), await displaced()]).toEqual([200, 1]);
});
