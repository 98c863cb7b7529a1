import { inboxOf } from '@parley/hub';
import { expect, test } from 'vitest';
import { settledAll } from '../store-contract/scenario.ts';
import { type MakeSharedStore, type Node, upTo, withNodes } from './scenario.ts';

const phone = { userId: 'ann', deviceId: 'phone' };

const inbox = async (node: Node) => (await node.open('ann', 'phone')).streams[0];

export function sharedReadersContract(make: MakeSharedStore): void {
  test(
    'of twenty readers that are opened at once on three nodes exactly as many get in as may be open',
    withNodes(
      make,
      async (...nodes) => {
        const open = (count: number) =>
          settledAll(upTo(count).map((number) => (nodes[number % 3] ?? nodes[0]).open('ann', `d${number % 2}`)));
        const results = await open(20);
        expect(results.filter((result) => 'ok' in result)).toHaveLength(5);
        expect(results.filter((result) => 'code' in result && result.code === 'connection_limit')).toHaveLength(15);
        const { node, connections } = (await nodes[0].store.sessions())[0] ?? { node: 0, connections: 0 };
        expect(connections).toBeGreaterThan(0);
        const holder = nodes.find(({ store }) => store.node === node) ?? nodes[0];
        await Promise.all(['d0', 'd1'].map((deviceId) => holder.store.closeReader({ userId: 'ann', deviceId }, [], true)));
        const left = (await nodes[0].store.sessions()).reduce((sum, session) => sum + session.connections, 0);
        expect((await open(9)).filter((result) => 'ok' in result)).toHaveLength(5 - left);
      },
      { connectionsPerUserMax: 5 },
    ),
  );

  test(
    'sessions are told by user and node, and closing ends one of its own node',
    withNodes(make, async (a, b) => {
      await Promise.all([a.open('ann', 'phone'), b.open('ann', 'phone'), b.open('ann', 'phone'), b.open('bob')]);
      await b.store.closeReader(phone, [], false);
      const sessions = await a.store.sessions();
      expect(sessions).toHaveLength(3);
      expect(sessions).toEqual(
        expect.arrayContaining([
          { userId: 'ann', node: a.store.node, connections: 1 },
          { userId: 'ann', node: b.store.node, connections: 1 },
          { userId: 'bob', node: b.store.node, connections: 1 },
        ]),
      );
    }),
  );

  test(
    'while a reader is open on another node, everything may have been written to it; after that node closed it, what it says',
    withNodes(make, async (a, b) => {
      await a.open('ann', 'phone');
      for (const _ of upTo(3)) await b.direct('ann');
      expect(await inbox(b)).toMatchObject({ cursor: 0, written: 3 });
      await b.store.closeReader(phone, [], true);
      await a.store.closeReader(phone, [], true);
      await b.direct('ann');
      expect(await inbox(b)).toMatchObject({ cursor: 0, written: 3, head: 4 });
    }),
  );

  test(
    'everything may have been written to the readers of a node that ended with them open',
    withNodes(make, async (a, b, c) => {
      await b.open('ann', 'phone');
      await c.open('bob');
      for (const _ of upTo(2)) await Promise.all([a.direct('ann'), a.direct('bob')]);
      const beat = (await a.store.nodes()).find(({ node }) => node === b.store.node)?.beat ?? -1;
      expect(await a.store.declareDead(b.store.node, beat)).toBe(true);
      await c.store.close();
      expect(await a.store.sessions()).toEqual([]);
      expect(await inbox(a)).toMatchObject({ cursor: 0, written: 2 });
      await a.store.closeReader(phone, [{ stream: inboxOf('ann'), seq: 0 }], true);
      await a.direct('ann');
      expect(await inbox(a)).toMatchObject({ cursor: 0, written: 2, head: 3 });
      expect((await a.open('bob')).streams[0]).toMatchObject({ cursor: 0, written: 2 });
    }),
  );

  test(
    'cursors of all nodes take the highest that was proved',
    withNodes(make, async (a, b, c) => {
      for (const _ of upTo(9)) await a.direct('ann');
      const stream = inboxOf('ann');
      await Promise.all(
        [a, b, c].flatMap(({ store }, index) => upTo(3).map((count) => store.advance([{ ...phone, stream, seq: 3 * index + count }], 1))),
      );
      expect(await inbox(b)).toMatchObject({ cursor: 9, queued: 0 });
      expect((await c.open('ann')).streams[0]).toMatchObject({ cursor: 9, queued: 0 });
    }),
  );
}
