import { inboxOf, timelineOf } from '@parley/hub';
import { expect, test } from 'vitest';
import { type MakeStore, refusalOf, type StoreCapabilities, settledAll, withStore } from './scenario.ts';

const ann = inboxOf('ann');

export function appendContract(make: MakeStore, { restarts }: StoreCapabilities): void {
  test(
    "a stream's seq starts at 1 and has no gap, however many append at once",
    withStore(make, async (t) => {
      const results = await Promise.all(Array.from({ length: 300 }, () => t.direct('ann')));
      expect(results.map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    }),
  );

  test(
    'streams are numbered apart from one another, and message ids grow over all of them',
    withStore(make, async (t) => {
      await t.room('tea', 'bob');
      const results = await Promise.all([t.direct('ann'), t.say('tea', 'bob'), t.direct('ann'), t.direct('bob')]);
      expect(results.map(({ seq }) => seq)).toEqual([1, 1, 2, 1]);
      const ids = results.map(({ id }) => id);
      expect(ids).toEqual(ids.toSorted((a, b) => a - b));
      expect(new Set(ids).size).toBe(4);
    }),
  );

  test.for(restarts)('seq and id go on over a restart (%s), and what was acknowledged is there', async (how) => {
    await withStore(make, async (t) => {
      const before = await t.direct('ann', { content: '1' });
      await t.reopen(how);
      const after = await t.direct('ann', { content: '2' });
      expect(after.seq).toBe(2);
      expect(after.id).toBeGreaterThan(before.id);
      expect(await t.contents(ann)).toEqual(['1', '2']);
    })();
  });

  test(
    'seq and id are not reused when everything has expired',
    withStore(make, async (t) => {
      const before = await t.direct('ann');
      expect(await t.expire(1e9, { deliveredMs: 1, undeliveredMs: 1 })).toBe(1);
      if (restarts.includes('close')) await t.reopen('close');
      const after = await t.direct('ann');
      expect(after.seq).toBe(2);
      expect(after.id).toBeGreaterThan(before.id);
    }),
  );

  test(
    'onAppended is called once for every new message, in seq order, before the promise resolves',
    withStore(make, async (t) => {
      const seen: number[] = [];
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          const { seq } = await t.direct('ann');
          expect(t.appended.filter((message) => message.seq === seq)).toHaveLength(1);
          seen.push(seq);
        }),
      );
      expect(t.appended.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
      expect(seen).toHaveLength(50);
    }),
  );

  test(
    'onAppended gets the message as it was stored',
    withStore(make, async (t) => {
      await t.room('tea', 'bob');
      await t.direct('ann', { senderId: 'bob', type: 'note', content: '{"a":1}', createdAtMs: 7, clientMsgId: 'c1' });
      await t.say('tea', 'bob', { echo: false });
      const stored = await Promise.all(
        [ann, timelineOf('tea')].map((stream) => t.store.readStream({ stream, afterSeq: 0, uptoSeq: 9, limit: 9, bytesMax: 999 })),
      );
      expect(t.appended).toEqual(stored.flat());
      expect(t.appended[0]).toMatchObject({
        stream: ann,
        seq: 1,
        senderId: 'bob',
        recipientId: 'ann',
        roomId: undefined,
        type: 'note',
        content: '{"a":1}',
        createdAtMs: 7,
        clientMsgId: 'c1',
        echo: true,
      });
      expect(t.appended[1]).toMatchObject({
        stream: timelineOf('tea'),
        recipientId: undefined,
        roomId: 'tea',
        clientMsgId: undefined,
        echo: false,
      });
    }),
  );

  test(
    'an append repeated with the same client_msg_id is answered with the first result, and is no new message',
    withStore(make, async (t) => {
      const atOnce = await Promise.all([1, 2, 3].map((createdAtMs) => t.direct('ann', { clientMsgId: 'c', createdAtMs })));
      const later = await t.direct('ann', { clientMsgId: 'c', createdAtMs: 4 });
      const { id, seq } = atOnce[0] ?? later;
      expect(atOnce).toEqual([false, true, true].map((duplicate) => ({ id, seq, createdAtMs: 1, duplicate })));
      expect(later).toEqual({ id, seq, createdAtMs: 1, duplicate: true });
      expect(t.appended).toHaveLength(1);
      expect(await t.contents(ann)).toEqual(['"hello"']);
    }),
  );

  test.for(restarts)('a repetition is known over a restart (%s)', async (how) => {
    await withStore(make, async (t) => {
      const first = await t.direct('ann', { clientMsgId: 'c' });
      await t.reopen(how);
      expect(await t.direct('ann', { clientMsgId: 'c' })).toEqual({ ...first, duplicate: true });
    })();
  });

  test(
    'the same client_msg_id of another sender, or to another stream, is another message',
    withStore(make, async (t) => {
      const results = await Promise.all([
        t.direct('ann', { clientMsgId: 'c' }),
        t.direct('ann', { clientMsgId: 'c', senderId: 'else' }),
        t.direct('bob', { clientMsgId: 'c' }),
        t.direct('ann'),
        t.direct('ann'),
      ]);
      expect(results.map(({ duplicate }) => duplicate)).toEqual([false, false, false, false, false]);
    }),
  );

  test(
    'a repetition is answered even where a new message would be refused',
    withStore(
      make,
      async (t) => {
        await t.room('tea', 'ann');
        await t.join('tea', 'bob');
        const inRoom = await t.say('tea', 'bob', { clientMsgId: 'c' });
        await t.leave('tea', 'bob');
        expect(await t.say('tea', 'bob', { clientMsgId: 'c' })).toEqual({ ...inRoom, duplicate: true });
        const queued = await t.direct('ann', { clientMsgId: 'c' });
        expect(await refusalOf(t.direct('ann'))).toBe('queue_full');
        expect(await t.direct('ann', { clientMsgId: 'c' })).toEqual({ ...queued, duplicate: true });
      },
      { queueMessagesMax: 1 },
    ),
  );

  test(
    'the same client_msg_id with another content or type is refused, and nothing is stored',
    withStore(make, async (t) => {
      await t.room('tea', 'ann');
      await t.direct('ann', { clientMsgId: 'c' });
      await t.say('tea', 'ann', { clientMsgId: 'c' });
      const results = await settledAll([
        t.direct('ann', { clientMsgId: 'c', content: '"other"' }),
        t.direct('ann', { clientMsgId: 'c', type: 'other' }),
        t.say('tea', 'ann', { clientMsgId: 'c', content: '"other"' }),
        t.direct('ann', { clientMsgId: 'c' }),
      ]);
      const conflict = { code: 'client_msg_id_conflict' };
      expect(results).toEqual([conflict, conflict, conflict, { ok: expect.objectContaining({ seq: 1, duplicate: true }) }]);
      expect(await t.contents(ann)).toEqual(['"hello"']);
      expect(t.appended).toHaveLength(2);
    }),
  );

  test(
    'one sender has a share of an inbox, and others and the application are not refused for it',
    withStore(
      make,
      async (t) => {
        const send = (senderId: string, trusted = false) => t.direct('ann', { senderId, trusted });
        await send('bob');
        await send('cleo');
        await send('bob');
        expect(await refusalOf(send('bob'))).toBe('queue_full');
        expect((await send('cleo')).seq).toBe(4);
        expect(await refusalOf(send('cleo'))).toBe('queue_full');
        expect((await send('bob', true)).seq).toBe(5);
        expect((await t.direct('dan', { senderId: 'bob' })).seq).toBe(1);
      },
      { senderQueueMessagesMax: 2 },
    ),
  );

  test(
    "a sender's share has room again for what the recipient has received, and for what has expired",
    withStore(
      make,
      async (t) => {
        const send = (createdAtMs = 1_000) => t.direct('ann', { senderId: 'bob', createdAtMs });
        for (let count = 0; count < 3; count += 1) await send();
        expect(await refusalOf(send())).toBe('queue_full');
        await t.received('ann', ann, 1);
        expect((await send(5_000)).seq).toBe(4);
        expect(await refusalOf(send())).toBe('queue_full');
        await t.expire(5_000, { deliveredMs: 3_000, undeliveredMs: 3_000 });
        expect((await send()).seq).toBe(5);
        expect((await send()).seq).toBe(6);
        expect(await refusalOf(send())).toBe('queue_full');
        await t.received('ann', ann, 6);
        for (let count = 0; count < 3; count += 1) await send();
        expect(await refusalOf(send())).toBe('queue_full');
      },
      { senderQueueMessagesMax: 3 },
    ),
  );

  test(
    'dropping the oldest gives their senders room again',
    withStore(
      make,
      async (t) => {
        for (const senderId of ['bob', 'bob', 'cleo', 'cleo', 'dan']) await t.direct('ann', { senderId });
        expect((await t.direct('ann', { senderId: 'bob' })).seq).toBe(6);
        expect(await refusalOf(t.direct('ann', { senderId: 'cleo' }))).toBe('queue_full');
      },
      { senderQueueMessagesMax: 2, queueMessagesMax: 4, queueOverflow: 'drop_oldest' },
    ),
  );

  test(
    'a refusal stores nothing, takes no seq and fails its own append only',
    withStore(
      make,
      async (t) => {
        await t.room('tea', 'bob');
        const results = await settledAll([
          t.direct('ann', { content: '1' }),
          t.say('tea', 'ann'),
          t.direct('ann', { content: '2' }),
          t.direct('ann', { content: '3' }),
          t.say('nowhere', 'ann'),
          t.say('nowhere', 'ann', { membersOnly: false }),
          t.say('tea', 'bob'),
          t.say('tea', 'ann', { membersOnly: false }),
        ]);
        const codes = results.map((result) => ('code' in result ? result.code : result.ok.seq));
        expect(codes).toEqual([1, 'not_member', 2, 'queue_full', 'room_not_found', 'room_not_found', 1, 2]);
        expect(await t.contents(ann)).toEqual(['1', '2']);
        expect(t.appended).toHaveLength(4);
      },
      { queueMessagesMax: 2 },
    ),
  );

  test(
    'a full queue has room again once its user has received something',
    withStore(
      make,
      async (t) => {
        await t.direct('ann');
        await t.direct('ann');
        expect(await refusalOf(t.direct('ann'))).toBe('queue_full');
        await t.received('ann', ann, 1);
        expect((await t.direct('ann')).seq).toBe(3);
        expect(await refusalOf(t.direct('ann'))).toBe('queue_full');
      },
      { queueMessagesMax: 2 },
    ),
  );

  test(
    'writes take effect in the order of the calls: membership is decided at the append',
    withStore(make, async (t) => {
      await t.room('tea', 'bob');
      const [early, , member, , late] = await settledAll<unknown>([
        t.say('tea', 'ann'),
        t.join('tea', 'ann'),
        t.say('tea', 'ann'),
        t.leave('tea', 'ann'),
        t.say('tea', 'ann'),
      ]);
      expect([early, late]).toEqual([{ code: 'not_member' }, { code: 'not_member' }]);
      expect(member).toMatchObject({ ok: { seq: 1 } });
    }),
  );

  test.for([
    ['numbers', '[1.0,1e400,12345678901234567890,-0,0.1000]'],
    ['white space and the order of keys', '{ "b" : 1,\n"a": 2 }'],
    ['escapes and every plane of Unicode', '"\\u0000 \\ud800 é 漢 😀 \u2028 \u{10ffff}"'],
    ['64 KiB', `"${'é'.repeat(32 * 1024 - 1)}"`],
    ['nothing much', '""'],
  ] as const)('content is returned byte for byte: %s', async ([, content]) => {
    await withStore(make, async (t) => {
      await t.direct('ann', { content });
      expect(await t.contents(ann)).toEqual([content]);
      expect(t.appended[0]?.content).toBe(content);
    })();
  });

  test(
    'ids of users, rooms and messages are compared byte for byte',
    withStore(make, async (t) => {
      const ids = ['é', 'e\u0301', 'A', 'a', ' a', "'; --", '1', '01', 'user:1', '😀', '\uffff'];
      for (const id of ids) await t.direct(id, { senderId: id, clientMsgId: id, content: JSON.stringify(id) });
      for (const id of ids) expect(await t.contents(inboxOf(id))).toEqual([JSON.stringify(id)]);
    }),
  );

  test(
    'readStream gives what lies in (afterSeq, uptoSeq], in order',
    withStore(make, async (t) => {
      for (const content of ['1', '2', '3', '4', '5']) await t.direct('ann', { content });
      const read = async (afterSeq: number, uptoSeq: number, limit = 100) =>
        (await t.store.readStream({ stream: ann, afterSeq, uptoSeq, limit, bytesMax: 1_000 })).map(({ seq }) => seq);
      expect(await read(0, 5)).toEqual([1, 2, 3, 4, 5]);
      expect(await read(1, 3)).toEqual([2, 3]);
      expect(await read(5, 5)).toEqual([]);
      expect(await read(3, 999)).toEqual([4, 5]);
      expect(await read(0, 5, 2)).toEqual([1, 2]);
      for (let seq = 6; seq <= 70; seq += 1) await t.direct('ann');
      const all = Array.from({ length: 70 }, (_, index) => index + 1);
      expect(await read(0, 70)).toEqual(all);
      expect(await read(3, 999, 50)).toEqual(all.slice(3, 53));
      expect(await read(3, 999, 60)).toEqual(all.slice(3, 63));
    }),
  );

  test(
    'readStream stops at about bytesMax of content, but gives at least one message',
    withStore(make, async (t) => {
      for (let count = 0; count < 4; count += 1) await t.direct('ann', { content: `"${'x'.repeat(98)}"` });
      const read = async (bytesMax: number) =>
        (await t.store.readStream({ stream: ann, afterSeq: 0, uptoSeq: 9, limit: 9, bytesMax })).length;
      expect(await read(1)).toBe(1);
      expect(await read(250)).toBe(2);
      expect(await read(10_000)).toBe(4);
    }),
  );

  test(
    'reads see every write that resolved before',
    withStore(make, async (t) => {
      for (let seq = 1; seq <= 20; seq += 1) {
        await t.direct('ann');
        expect(await t.contents(ann)).toHaveLength(seq);
      }
    }),
  );

  test(
    'calls after close reject with shutting_down, and what was accepted before is stored',
    withStore(make, async (t) => {
      const accepted = t.direct('ann');
      const closed = t.store.close();
      expect(await refusalOf(t.direct('ann'))).toBe('shutting_down');
      expect(await refusalOf(t.store.counts())).toBe('shutting_down');
      expect((await accepted).seq).toBe(1);
      await closed;
      await t.store.close();
    }),
  );
}
