import { HubError } from '@parley/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import { messageRuns } from './message-run.ts';
import { Bench, inbox, marks, messageOf } from './reader-bench.test-support.ts';

describe('catching up', () => {
  test('messages that come while a page is read are read from the log too, in order', async () => {
    const bench = new Bench();
    bench.stored(3);
    bench.reader.follow({ stream: inbox, cursor: 1, head: 3, written: 1 });
    bench.publish();
    expect(bench.connection.seqs).toEqual([]);
    await bench.answerRead();
    expect(bench.connection.seqs).toEqual(['2', '3']);
    await bench.answerRead();
    bench.publish();
    expect(bench.connection.seqs).toEqual(['2', '3', '4', '5']);
  });

  test('what may have been written before is marked, what follows is not', async () => {
    const bench = new Bench();
    bench.stored(4);
    bench.reader.follow({ stream: inbox, cursor: 1, head: 4, written: 3 });
    await bench.answerRead();
    expect(bench.connection.seqs).toEqual(['2*', '3*', '4']);
  });

  test('a page that can not be read is read again a second later', async () => {
    const bench = new Bench();
    bench.stored(2);
    bench.reader.follow({ stream: inbox, cursor: 0, head: 2, written: 0 });
    await bench.failRead();
    expect(bench.reads).toEqual([]);
    bench.clock.advance(1000);
    await bench.answerRead();
    expect(bench.connection.seqs).toEqual(['1', '2']);
  });

  test('begins with a small page, whose acknowledgement comes in time over a slow link too, and doubles it up to the largest', async () => {
    const bench = new Bench('pong', { ...marks, highWaterBytes: 1_000_000 });
    bench.stored(10);
    bench.reader.follow({ stream: inbox, cursor: 0, head: 10, written: 0 });
    const kibibytes: number[] = [];
    for (let page = 0; page < 7; page++) {
      kibibytes.push((bench.reads[0]?.bytesMax ?? 0) / 1024);
      await bench.answerRead(1);
      bench.drain();
    }
    expect(kibibytes).toEqual([16, 32, 64, 128, 256, 256, 256]);
  });

  test('each page is acknowledged without waiting for the next second, so that a client which leaves soon after has little to get again', async () => {
    const bench = new Bench();
    bench.stored(4);
    bench.reader.follow({ stream: inbox, cursor: 0, head: 4, written: 0 });
    for (const upTo of [2, 4]) {
      await bench.answerRead(2);
      bench.drain();
      bench.pong();
      bench.clock.advance(250);
      bench.pong();
      expect(bench.cursor).toBe(upTo);
    }
    expect(bench.clock.monotonic()).toBeLessThan(1000);
  });

  test('a page is acknowledged at once, even if a ping was waiting for its second already', async () => {
    const bench = new Bench();
    bench.publish();
    bench.pong();
    bench.publish();
    bench.stored(2);
    bench.reader.fallBehind(inbox, 2);
    await bench.answerRead();
    expect(bench.connection.pings).toBe(2);
    bench.pong();
    expect(bench.cursor).toBe(4);
  });

  test('a page that was written while a ping was under way is acknowledged as soon as that is answered', async () => {
    const bench = new Bench();
    bench.stored(4);
    bench.reader.follow({ stream: inbox, cursor: 0, head: 4, written: 0 });
    await bench.answerRead(2);
    await bench.answerRead(2);
    expect(bench.connection.pings).toBe(1);
    bench.pong();
    expect(bench.connection.pings).toBe(2);
    bench.pong();
    expect(bench.cursor).toBe(4);
  });

  test('of a page so much is written as fits into the outbox, and the rest is read again', async () => {
    const bench = new Bench();
    bench.stored(9);
    bench.usedByOthers = marks.totalBytesMax;
    bench.reader.follow({ stream: inbox, cursor: 0, head: 9, written: 0 });
    const counts: number[] = [];
    while (bench.connection.seqs.length < 9 && counts.length < 9) {
      const before = bench.connection.sent.length;
      await bench.answerRead();
      expect(bench.connection.bufferedBytes).toBeLessThanOrEqual(marks.floorBytes);
      counts.push(bench.connection.sent.length - before);
      bench.connection.bufferedBytes = 0;
      bench.clock.advance(50);
    }
    expect(counts).toEqual([4, 4, 1]);
    expect(bench.connection.seqs).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  test('a message that is larger than what a connection may hold comes by itself', async () => {
    const bench = new Bench();
    bench.publish({}, { content: JSON.stringify('x'.repeat(3 * marks.highWaterBytes)) }, {});
    for (let page = 0; page < 3; page++) {
      await bench.answerRead();
      bench.drain();
      bench.clock.advance(50);
    }
    expect(bench.connection.seqs).toEqual(['1', '2', '3']);
  });

  describe('where something can not be delivered', () => {
    test('a damaged message is told in its place, and passed: nobody is given it again', async () => {
      const bench = new Bench();
      bench.stored(4);
      bench.damage(2);
      bench.damage(4);
      bench.reader.follow({ stream: inbox, cursor: 0, head: 4, written: 0 });
      await bench.answerRead();
      expect(bench.connection.seqs).toEqual(['1', '2 message_damaged', '3', '4 message_damaged']);
      bench.pong();
      expect(bench.cursor).toBe(4);
      bench.drain();
      bench.publish();
      expect(bench.connection.seqs.at(-1)).toBe('5');
    });

    test('what it says of a damaged message names the event, the place and what to do', async () => {
      const bench = new Bench();
      bench.stored(1);
      bench.log[0] = { stream: 'room:lobby', seq: 1, damaged: true };
      bench.reader.follow({ stream: 'room:lobby', cursor: 0, head: 1, written: 0 });
      await bench.answerRead();
      const [name, payload] = JSON.parse(bench.connection.sent[0]?.slice(1) ?? '[]');
      expect(name).toBe('error');
      expect(payload).toMatchObject({
        ...{ status: 'error', code: 'message_damaged', event: 'room_message', details: { seq: 1, room_id: 'lobby' } },
        message: expect.stringContaining('send it again'),
      });
    });

    test('an explicit acknowledgement covers a damaged message like any other', async () => {
      const bench = new Bench('explicit');
      bench.stored(2);
      bench.damage(2);
      bench.reader.follow({ stream: inbox, cursor: 0, head: 2, written: 0 });
      await bench.answerRead();
      expect(bench.reader.acknowledge(inbox, 2)).toBe(true);
      expect(bench.cursor).toBe(2);
    });

    test('a message that no connection may buffer is told in its place, and does not come again for ever', async () => {
      const bench = new Bench();
      const largest = marks.connectionBytesMax - marks.highWaterBytes;
      const overhead = 140;
      bench.stored(4);
      bench.log[1] = messageOf(2, { content: JSON.stringify('x'.repeat(largest)) });
      bench.log[2] = messageOf(3, { content: JSON.stringify('x'.repeat(largest - overhead)) });
      bench.reader.follow({ stream: inbox, cursor: 0, head: 4, written: 0 });
      for (let page = 0; page < 5; page++) {
        await bench.answerRead();
        bench.drain();
        bench.clock.advance(50);
      }
      expect(bench.connection.seqs).toEqual(['1', '2 message_too_large', '3', '4']);
    });

    test('a stream that can not be read is told and reported once, the others go on, and nothing is tried again and again', async () => {
      const bench = new Bench();
      bench.stored(3);
      bench.reader.follow({ stream: 'room:lobby', cursor: 0, head: 3, written: 0 });
      bench.reader.follow({ stream: inbox, cursor: 0, head: 3, written: 0 });
      await bench.failRead(new HubError('internal_error'));
      await bench.answerRead();
      expect(bench.connection.sent[0]).toContain('"code":"stream_unreadable"');
      expect(bench.connection.sent[0]).toContain('"details":{"room_id":"lobby"}');
      expect(bench.connection.seqs.slice(1)).toEqual(['1', '2', '3']);
      bench.clock.advance(60_000);
      bench.drain();
      bench.reader.fallBehind('room:lobby', 3);
      const next = { ...messageOf(4), stream: 'room:lobby', recipientId: undefined, roomId: 'lobby' };
      for (const run of messageRuns([next])) bench.reader.deliver(run);
      expect(bench.connection.sent).toHaveLength(4);
      expect(bench.reads).toEqual([]);
      expect(bench.unreadable).toEqual(['room:lobby']);
    });
  });

  test('what has expired meanwhile is passed over', async () => {
    const bench = new Bench();
    bench.stored(2);
    bench.reader.follow({ stream: inbox, cursor: 0, head: 2, written: 0 });
    await bench.answerRead(0);
    bench.publish();
    expect(bench.connection.seqs).toEqual(['3']);
  });

  test('a connection that closes while it waits for its turn is not read for', async () => {
    const bench = new Bench();
    bench.stored(2);
    bench.connection.bufferedBytes = marks.lowWaterBytes;
    bench.usedByOthers = marks.totalBytesMax;
    bench.reader.follow({ stream: inbox, cursor: 0, head: 2, written: 0 });
    bench.reader.close();
    bench.connection.bufferedBytes = 0;
    bench.clock.advance(1000);
    expect(bench.reads).toEqual([]);
    expect(bench.clock.timerCount).toBe(0);
  });

  test('ends when the stream is left, even for the page that is being read', async () => {
    const bench = new Bench();
    bench.stored(2);
    bench.reader.follow({ stream: inbox, cursor: 0, head: 2, written: 0 });
    bench.reader.unfollow(inbox);
    await bench.answerRead();
    expect(bench.connection.seqs).toEqual([]);
    expect(bench.reader.unacknowledged()).toEqual([]);
  });
});

describe('a slow connection', () => {
  test('is not given live messages above high water, and reads them from the log below low water', async () => {
    const bench = new Bench();
    bench.connection.bufferedBytes = marks.highWaterBytes + 1;
    bench.publish();
    bench.publish();
    expect(bench.connection.sent).toEqual([]);
    expect(bench.reads).toEqual([]);
    bench.drain();
    await bench.answerRead();
    expect(bench.connection.seqs).toEqual(['1', '2']);
  });

  test('loses events that are live only, and they are counted', () => {
    const bench = new Bench();
    bench.connection.bufferedBytes = marks.highWaterBytes + 1;
    bench.reader.live(new OutgoingPacket('2["signal",{}]'));
    expect(bench.connection.sent).toEqual([]);
    expect(bench.liveDropped).toBe(1);
  });

  test('hears only the latest presence of each user, and none that is older than what it has heard', () => {
    const bench = new Bench();
    bench.connection.bufferedBytes = marks.highWaterBytes + 1;
    bench.reader.presence('bob', new OutgoingPacket('bob is offline'));
    bench.reader.presence('bob', new OutgoingPacket('bob is away'));
    bench.reader.presence('eve', new OutgoingPacket('eve is online'));
    // The outbox has drained, but nobody has been told yet.
    bench.connection.bufferedBytes = 0;
    bench.reader.presence('eve', new OutgoingPacket('eve is dnd'));
    bench.reader.onDrain();
    expect(bench.connection.sent).toEqual(['eve is dnd', 'bob is away']);
  });
});

test('presence that is held for a connection which watches many is bounded: it is told to ask again', () => {
  const bench = new Bench();
  bench.connection.bufferedBytes = marks.lowWaterBytes + 1;
  for (let user = 0; user < 1000; user++) bench.reader.presence(`user-${user}`, new OutgoingPacket(`user-${user} is away`));
  bench.drain();
  expect(bench.connection.sent).toHaveLength(1);
  expect(bench.connection.sent[0]).toContain('"code":"presence_missed"');
  bench.reader.presence('bob', new OutgoingPacket('bob is away'));
  expect(bench.connection.sent[1]).toBe('bob is away');
});

test('presence is not held where no drain would send it, however full the other outboxes are', () => {
  const bench = new Bench();
  bench.usedByOthers = marks.totalBytesMax;
  bench.connection.bufferedBytes = 10;
  bench.reader.presence('bob', new OutgoingPacket('bob is away'));
  expect(bench.connection.sent).toEqual(['bob is away']);
});

describe('acknowledgement by pong', () => {
  test('the pong acknowledges what was written before its ping, and nothing after', () => {
    const bench = new Bench();
    bench.publish();
    bench.publish();
    expect(bench.connection.pings).toBe(1);
    bench.pong();
    expect(bench.cursor).toBe(1);
    expect(bench.reader.unacknowledged()).toEqual([{ stream: inbox, seq: 2 }]);
  });

  test('is asked for once a second at most, and what was written meanwhile is not forgotten', () => {
    const bench = new Bench();
    bench.publish();
    bench.pong();
    bench.publish();
    expect(bench.connection.pings).toBe(1);
    bench.clock.advance(1000);
    expect(bench.connection.pings).toBe(2);
    bench.pong();
    expect(bench.cursor).toBe(2);
  });

  test('an acknowledgement that is not on disk counts as none when the connection closes', () => {
    const bench = new Bench();
    bench.unwritten = [
      { stream: inbox, seq: 5 },
      { stream: 'room:lobby', seq: 7 },
    ];
    bench.log.push(...Array.from({ length: 5 }, (_, index) => messageOf(index + 1)));
    bench.publish();
    expect(bench.reader.unacknowledged()).toEqual([
      { stream: inbox, seq: 6 },
      { stream: 'room:lobby', seq: 7 },
    ]);
  });

  test('one ping is for all messages that were published together', () => {
    const bench = new Bench();
    bench.publish({}, {}, {});
    expect(bench.connection.seqs).toEqual(['1', '2', '3']);
    expect(bench.connection.pings).toBe(1);
    bench.pong();
    expect(bench.cursor).toBe(3);
  });

  test('own messages without echo are not written, and ask for no pong', () => {
    const bench = new Bench();
    bench.publish({ senderId: 'ann', echo: false });
    expect(bench.connection.sent).toEqual([]);
    expect(bench.connection.pings).toBe(0);
  });

  test('of messages that were published together only those are left out that are the own ones without echo', () => {
    const bench = new Bench();
    bench.publish({}, { senderId: 'ann', echo: false }, { senderId: 'ann' }, { senderId: 'eve', echo: false });
    expect(bench.connection.seqs).toEqual(['1', '3', '4']);
    bench.pong();
    expect(bench.cursor).toBe(4);
  });
});

describe('explicit acknowledgement', () => {
  test('moves the cursor, and asks for no pong', () => {
    const bench = new Bench('explicit');
    bench.publish();
    bench.publish();
    expect(bench.connection.pings).toBe(0);
    expect(bench.reader.acknowledge(inbox, 2)).toBe(true);
    expect(bench.cursor).toBe(2);
    expect(bench.reader.unacknowledged()).toEqual([]);
  });

  test('above what was written is refused, live and behind', async () => {
    const bench = new Bench('explicit');
    bench.stored(4);
    bench.reader.follow({ stream: inbox, cursor: 0, head: 4, written: 0 });
    await bench.answerRead(2);
    expect(bench.reader.acknowledge(inbox, 3)).toBe(false);
    expect(bench.reader.acknowledge(inbox, 2)).toBe(true);
    await bench.answerRead();
    expect(bench.reader.acknowledge(inbox, 5)).toBe(false);
    expect(bench.advances.map(({ seq }) => seq)).toEqual([2]);
  });
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant('publish' as const) },
  { weight: 2, arbitrary: fc.constant('lose a notice' as const) },
  { weight: 3, arbitrary: fc.constantFrom('read one' as const, 'read two' as const, 'read all' as const) },
  { weight: 1, arbitrary: fc.constant('fail to read' as const) },
  { weight: 2, arbitrary: fc.constantFrom('drain' as const, 'pong' as const, 'wait' as const) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function play(bench: Bench, action: Step): Promise<void> {
  if (action === 'publish') bench.publish({ content: JSON.stringify('x'.repeat(120)) });
  else if (action === 'lose a notice') {
    // As `Streams` does when it sees the gap.
    const from = bench.head;
    bench.stored(2);
    bench.reader.fallBehind(inbox, from);
  } else if (action === 'read one') await bench.answerRead(1);
  else if (action === 'read two') await bench.answerRead(2);
  else if (action === 'read all') await bench.answerRead();
  else if (action === 'fail to read') await bench.failRead();
  else if (action === 'drain') bench.drain();
  else if (action === 'pong') bench.pong();
  else bench.clock.advance(1000);
}

test('whatever happens, a stream is written in order and without gaps, and cursors pass only what a pong has acknowledged', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const bench = new Bench();
      bench.stored(5);
      bench.reader.follow({ stream: inbox, cursor: 2, head: 5, written: 2 });
      let pinged = 2;
      for (const action of steps) {
        const pings = bench.connection.pings;
        const before = bench.connection.sent.length;
        await play(bench, action);
        if (bench.connection.pings > pings) pinged = 2 + bench.connection.sent.length;
        expect(bench.connection.sent.length).toBeGreaterThanOrEqual(before);
        expect(bench.cursor ?? 2).toBeLessThanOrEqual(pinged);
      }
      for (let rounds = 0; rounds < steps.length + 10; rounds++) {
        for (const action of ['drain', 'read all', 'pong', 'wait'] as const) await play(bench, action);
      }
      expect(bench.connection.seqs).toEqual(Array.from({ length: bench.head - 2 }, (_, index) => String(index + 3)));
      expect(bench.cursor).toBe(bench.head);
    }),
    { numRuns: 150 },
  );
});
