import { timelineOf } from '@parley/hub';
import { expect, test } from 'vitest';
import { settledAll } from '../store-contract/scenario.ts';
import { logOf, type MakeSharedStore, upTo, withNodes } from './scenario.ts';

export function sharedRoomsContract(make: MakeSharedStore): void {
  test(
    'a room that several nodes make at once is made once, and takes no more members from all of them than it may have',
    withNodes(make, async (...nodes) => {
      const made = await settledAll(nodes.map((node, index) => node.room('tea', `maker ${index}`, 6)));
      expect(made.filter((result) => 'ok' in result)).toHaveLength(1);
      expect(made.filter((result) => 'code' in result && result.code === 'room_exists')).toHaveLength(2);
      const joins = await settledAll(nodes.flatMap((node, index) => upTo(5).map((count) => node.join('tea', `user ${index} ${count}`))));
      expect(joins.filter((result) => 'ok' in result)).toHaveLength(5);
      expect(await nodes[2].store.room('tea')).toMatchObject({ memberCount: 6 });
    }),
  );

  test(
    'each change of members counts the version of the room up, is reported with it, and messages carry it',
    withNodes(make, async (a, b, c) => {
      await a.room('tea', 'ann');
      await b.join('tea', 'bob');
      await c.say('tea', 'bob');
      await a.store.leaveRoom('tea', 'bob', () => {});
      await b.say('tea', 'ann');
      await c.store.deleteRoom('tea', undefined, () => {});
      // A commit is reported after its caller was answered.
      expect((await c.store.membersVersions(['tea'])).get('tea')).toBe(4);
      const news = [a, b, c].flatMap(({ commits }) => commits.flatMap((commit) => commit.news));
      const told = news.map((one) => ('membersVersion' in one ? [one.kind, one.membersVersion] : [one.kind]));
      expect(told).toEqual(
        expect.arrayContaining([
          ['joined', 1],
          ['joined', 2],
          ['left', 3],
          ['deleted', 4],
        ]),
      );
      const messages = [b, c].flatMap(({ commits }) => commits.flatMap((commit) => commit.messages));
      expect(messages.map(({ membersVersion }) => membersVersion)).toEqual([3, 2]);
    }),
  );

  test(
    'a member reads from its join on, and nothing is stored for it after it has left, whatever the other nodes append meanwhile',
    withNodes(make, async (a, b, c) => {
      await a.room('tea', 'ann');
      const talk = Promise.all([a, c].flatMap((node) => upTo(40).map((count) => node.say('tea', 'ann', { content: `${count}` }))));
      const { joinedSeq, membersVersion } = await b.join('tea', 'bob');
      const spoken = await b.say('tea', 'bob');
      await b.store.leaveRoom('tea', 'bob', () => {});
      const late = await settledAll([b.say('tea', 'bob'), a.say('tea', 'bob')]);
      await talk;
      expect(late).toEqual([{ code: 'not_member' }, { code: 'not_member' }]);
      expect(spoken.seq).toBeGreaterThan(joinedSeq);
      const versions = new Map(
        [a, b, c].flatMap(({ commits }) => commits.flatMap(({ messages }) => messages)).map((one) => [one.seq, one.membersVersion ?? 0]),
      );
      const log = await logOf(b, timelineOf('tea'));
      expect(log.map(({ seq }) => seq)).toEqual(upTo(81));
      // What was stored before the join has an older version, what comes after the leave a newer one.
      for (const { seq } of log) expect(versions.get(seq) ?? 0).toBeGreaterThanOrEqual(seq <= joinedSeq ? 1 : (membersVersion ?? 2));
      expect(log.filter(({ seq }) => seq <= joinedSeq && (versions.get(seq) ?? 0) > 1)).toEqual([]);
    }),
  );

  test(
    'memberships are told by user, with where each began',
    withNodes(make, async (a, b) => {
      await a.room('tea', 'ann');
      await a.say('tea', 'ann');
      await b.join('tea', 'bob');
      const found = await a.store.memberships(['ann', 'bob', 'cleo']);
      expect(found).toHaveLength(2);
      expect(found).toEqual(
        expect.arrayContaining([
          { userId: 'ann', roomId: 'tea', joinedSeq: 0 },
          { userId: 'bob', roomId: 'tea', joinedSeq: 1 },
        ]),
      );
    }),
  );
}
