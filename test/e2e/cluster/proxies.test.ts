/** Stock clients through nginx and HAProxy that give each request to the next node, without any stickiness. */
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import { clusterMissing, startCluster, type TestCluster } from '../../support/cluster.ts';
import { test } from '../../support/fixtures.ts';
import { pythonMissing, runPython } from '../../support/python.ts';
import { roundRobins } from '../../support/round-robin.ts';

const missing = clusterMissing();
let cluster: TestCluster | undefined;
const portsOfNodes = () => cluster?.nodes.map(({ port }) => port) ?? [];

beforeEach(({ skip }) => {
  if (missing !== undefined) skip(`not installed: ${missing}`);
});
beforeAll(async () => {
  if (missing === undefined) cluster = await startCluster({ nodes: 3 });
});
afterAll(() => cluster?.end());

const messages = 30;
const contents = Array.from({ length: messages }, (_, index) => index + 1);

describe.for(roundRobins)('$name, round robin', { timeout: 90_000 }, ({ name, missing: proxyMissing, start }) => {
  beforeEach(({ skip }) => {
    if (proxyMissing !== undefined) skip(`not installed: ${proxyMissing}`);
  });

  test.for([[['polling']], [['polling', 'websocket']], [['websocket']]])(
    'the stock JavaScript client over %j',
    async ([transports = []], { connect, connectAs }) => {
      const url = await start(portsOfNodes());
      const user = (who: string): string => `${name}-${transports.join('-')}-${who}`;
      const users = ['ann', 'bob', 'cas', 'dan'].map(user);
      const clients = await Promise.all(users.map((user_id) => connect(url, { transports, auth: { user_id } })));
      for (const client of clients) await client.waitFor('registered');
      // Each writes to the next one, and hears from the one before.
      for (const content of contents) {
        await Promise.all(
          clients.map(async (client, index) => {
            const recipient_id = users[(index + 1) % users.length] ?? '';
            expect(await client.send('message', { recipient_id, content })).toMatchObject({ status: 'success', seq: content });
          }),
        );
      }
      for (const client of clients) {
        expect((await client.waitFor('message', messages, 10_000)).map(({ content }) => content)).toEqual(contents);
        expect(client.socket.io.engine.transport.name).toBe(transports.at(-1));
        // The connection was one, and nobody had to come back.
        expect(client.all('registered')).toHaveLength(1);
      }
      const direct = await connectAs(cluster?.nodes[0]?.url ?? '', user('eve'));
      expect(await direct.send('presence', { user_ids: users })).toMatchObject({
        users: users.map(() => ({ state: 'online', connections: 1 })),
      });
    },
  );

  test.for([['polling'], ['polling,websocket'], ['websocket']])(
    'the stock Python client over %s',
    async ([transports = ''], { connectAs, skip }) => {
      if (pythonMissing.length > 0) skip(`not installed: ${pythonMissing.join(', ')}`);
      const url = await start(portsOfNodes());
      const [writer, reader] = [`py-${name}-${transports}-ann`, `py-${name}-${transports}-bob`];
      const ann = await connectAs(cluster?.nodes[1]?.url ?? '', writer);
      const running = runPython('inbox.py', url, transports, reader, String(messages));
      for (const content of contents) await ann.send('message', { recipient_id: reader, content });
      const events = await running;
      const list = events.find((event) => event.name === 'messages')?.payload.list;
      expect(list).toMatchObject(contents.map((content) => ({ content, seq: content })));
    },
  );

  test('the page and its JSON routes', async () => {
    const url = await start(portsOfNodes());
    const nodes = async (): Promise<unknown> => Object(await (await fetch(`${url}/api/nodes`)).json()).this_node;
    const seen = new Set<unknown>();
    for (let asked = 0; asked < 12; asked++) seen.add(await nodes());
    expect(seen.size).toBe(3);
  });
});
