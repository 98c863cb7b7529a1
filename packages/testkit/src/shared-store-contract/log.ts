import { inboxOf, timelineOf } from '@parley/hub';
import { expect, test } from 'vitest';
import { settledAll } from '../store-contract/scenario.ts';
import { logOf, type MakeSharedStore, upTo, withNodes } from './scenario.ts';

export function sharedLogContract(make: MakeSharedStore): void {
  test(
    'nodes that append to the same streams at once leave no gap and no double, and ids grow with seq',
    withNodes(make, async (...nodes) => {
      const [a] = nodes;
      await a.room('tea', 'bob');
      const sent = nodes.flatMap((node) =>
        upTo(60).flatMap((count) => [node.direct(`user ${count % 3}`), node.direct('😀'), node.direct('\uffff'), node.say('tea', 'bob')]),
      );
      await Promise.all(sent);
      const streams = [...['user 0', 'user 1', 'user 2'].map(inboxOf), inboxOf('😀'), inboxOf('\uffff'), timelineOf('tea')];
      for (const stream of streams) {
        const log = await logOf(a, stream);
        expect(log.map(({ seq }) => seq)).toEqual(upTo(stream.startsWith('user:user') ? 60 : 180));
        const ids = log.map((entry) => ('id' in entry ? entry.id : 0));
        expect(ids).toEqual(ids.toSorted((one, other) => one - other));
      }
    }),
  );

  test(
    'the same client_msg_id on several nodes at once is one message',
    withNodes(make, async (...nodes) => {
      const ids = upTo(20).map((count) => `c${count}`);
      const results = await Promise.all(ids.map((clientMsgId) => Promise.all(nodes.map((node) => node.direct('ann', { clientMsgId })))));
      for (const answers of results) {
        expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
        expect(new Set(answers.map(({ id, seq }) => `${id} ${seq}`)).size).toBe(1);
      }
      expect((await logOf(nodes[0], inboxOf('ann'))).map(({ seq }) => seq)).toEqual(upTo(20));
    }),
  );

  test(
    'of different contents under one client_msg_id one is stored, and the others are refused',
    withNodes(make, async (...nodes) => {
      const results = await settledAll(nodes.map((node, index) => node.direct('ann', { clientMsgId: 'c', content: `"${index}"` })));
      expect(results.filter((result) => 'code' in result && result.code === 'client_msg_id_conflict')).toHaveLength(2);
      expect(await logOf(nodes[1], inboxOf('ann'))).toHaveLength(1);
    }),
  );

  test(
    'an inbox takes as many messages from all nodes as it may hold, and a sender as many as its share',
    withNodes(
      make,
      async (...nodes) => {
        const accepted = async (senderIds: readonly string[]) => {
          const results = await settledAll(senderIds.flatMap((senderId) => nodes.map((node) => node.direct('ann', { senderId }))));
          return results.filter((result) => 'ok' in result).length;
        };
        expect(await accepted(['bob', 'bob'])).toBe(4);
        expect(await accepted(['cleo', 'cleo', 'dan', 'dan', 'eve', 'eve'])).toBe(6);
        expect((await logOf(nodes[2], inboxOf('ann'))).map(({ seq }) => seq)).toEqual(upTo(10));
      },
      { queueMessagesMax: 10, senderQueueMessagesMax: 4 },
    ),
  );

  test(
    'a message is delivered once, whichever nodes hear of it, and its receipt is given once',
    withNodes(make, async (...nodes) => {
      for (const _ of upTo(5)) await nodes[0].direct('ann', { receipt: true });
      const advances = nodes.flatMap(({ store }) =>
        ['', 'phone'].flatMap((deviceId) =>
          [3, 5].map((seq) => store.advance([{ userId: 'ann', deviceId, stream: inboxOf('ann'), seq }], 1)),
        ),
      );
      const receipts = (await Promise.all(advances)).flat();
      expect(receipts.map(({ seq }) => seq).toSorted()).toEqual(upTo(5));
    }),
  );

  test(
    'each commit is reported once, with a position one higher and all that is new in it',
    withNodes(make, async (...nodes) => {
      await Promise.all(nodes.flatMap((node) => upTo(30).map((count) => node.direct(`user ${count % 2}`))));
      await Promise.all(nodes.map((node) => node.open('ann')));
      const positions = await nodes[0].store.positions();
      for (const { store, commits } of nodes) {
        for (const lane of [0, 1] as const) {
          const own = commits.filter((commit) => commit.lane === lane);
          expect(own.map(({ position }) => position)).toEqual(upTo(own.length));
          expect(positions).toContainEqual({ node: store.node, lane, position: own.length });
        }
        expect(commits.flatMap(({ messages }) => messages)).toHaveLength(30);
        expect(commits.flatMap(({ news }) => news)).toEqual([{ kind: 'user', userId: 'ann' }]);
      }
      const stored = nodes.flatMap(({ commits }) => commits.flatMap(({ messages }) => messages));
      const log = [...(await logOf(nodes[0], inboxOf('user 0'))), ...(await logOf(nodes[0], inboxOf('user 1')))];
      expect(stored).toHaveLength(log.length);
      expect(stored).toEqual(expect.arrayContaining(log.map((entry) => expect.objectContaining({ ...entry }))));
    }),
  );

  test(
    'heads are the newest seq of each stream that has messages',
    withNodes(make, async (a, b) => {
      await a.room('tea', 'bob');
      for (const _ of upTo(3)) await a.direct('ann');
      await b.direct('ann');
      const heads = await b.store.heads([inboxOf('ann'), inboxOf('nobody'), timelineOf('tea')]);
      expect(heads).toEqual([{ stream: inboxOf('ann'), seq: 4 }]);
    }),
  );
}
