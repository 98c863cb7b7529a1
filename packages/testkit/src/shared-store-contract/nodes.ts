import { inboxOf } from '@parley/hub';
import { expect, test } from 'vitest';
import { settledAll } from '../store-contract/scenario.ts';
import { logOf, type MakeSharedStore, type Node, withNodes } from './scenario.ts';

const beatOf = async (observer: Node, { store }: Node): Promise<number> =>
  (await observer.store.nodes()).find(({ node }) => node === store.node)?.beat ?? -1;

export function sharedNodesContract(make: MakeSharedStore): void {
  test(
    'nodes have numbers of their own, and their beats grow',
    withNodes(make, async (a, b, c) => {
      expect((await a.store.nodes()).map(({ node }) => node).toSorted()).toEqual([a, b, c].map(({ store }) => store.node).toSorted());
      const before = await beatOf(a, b);
      expect(await b.store.beat()).toBe(true);
      expect(await beatOf(a, b)).toBeGreaterThan(before);
      expect(await beatOf(a, c)).toBe(before);
    }),
  );

  test(
    'a node that has beaten since is not ended',
    withNodes(make, async (a, b) => {
      const beat = await beatOf(a, b);
      await b.store.beat();
      expect(await a.store.declareDead(b.store.node, beat)).toBe(false);
      expect((await b.direct('ann')).seq).toBe(1);
    }),
  );

  test(
    'a node that was ended commits nothing, and goes on under a new number',
    withNodes(make, async (a, b) => {
      await b.direct('ann');
      await b.open('ann');
      const ended = b.store.node;
      expect(await a.store.declareDead(ended, await beatOf(a, b))).toBe(true);
      expect(await a.store.declareDead(ended, await beatOf(a, b))).toBe(false);
      const results = await settledAll<unknown>([
        b.direct('ann'),
        b.direct('bob'),
        b.open('ann'),
        b.room('tea', 'ann'),
        b.store.saveStates([{ userId: 'ann', state: 'dnd', statusText: undefined, lastSeenMs: 1 }]),
      ]);
      expect(results.filter((result) => 'ok' in result)).toEqual([]);
      expect(await b.store.beat()).toBe(false);
      expect((await a.store.positions()).filter(({ node }) => node === ended)).toEqual([]);
      expect(await a.store.sessions()).toEqual([]);
      expect(await a.store.room('tea')).toBeUndefined();
      expect(await logOf(a, inboxOf('ann'))).toHaveLength(1);

      await b.store.rejoin();
      expect(b.store.node).not.toBe(ended);
      expect(await b.store.beat()).toBe(true);
      expect((await b.direct('ann')).seq).toBe(2);
      await b.open('ann');
      expect(await a.store.sessions()).toEqual([{ userId: 'ann', node: b.store.node, connections: 1 }]);
      expect(b.commits.at(-1)).toMatchObject({ lane: 1, position: 1 });
    }),
  );

  test(
    'a node that was closed is not there any more',
    withNodes(make, async (a, b, c) => {
      await b.store.close();
      const living = [a, c].map(({ store }) => store.node);
      expect((await a.store.nodes()).map(({ node }) => node).toSorted()).toEqual(living.toSorted());
      expect(new Set((await a.store.positions()).map(({ node }) => node))).toEqual(new Set(living));
    }),
  );

  test(
    'nodes that want to agree at the same time have one value, which stays',
    withNodes(make, async (...nodes) => {
      const values = await Promise.all(nodes.map(({ store }, index) => store.agree('secret', `value ${index}`)));
      expect(new Set(values).size).toBe(1);
      expect(await nodes[1].store.agree('secret', 'late')).toBe(values[0]);
      expect(await nodes[1].store.agree('other', 'late')).toBe('late');
    }),
  );
}
