import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import type { MessageRun, Reader, ReaderStart } from '../ports/session.ts';
import type { SharedMessage } from '../ports/shared-store.ts';
import type { LogEntry, StoredMessage } from '../ports/store.ts';
import { type StreamPorts, Streams } from './streams.ts';

const lobby = 'room:lobby';

function messageOf(seq: number): StoredMessage {
  return {
    ...{ id: seq, stream: lobby, seq, senderId: 'bob', recipientId: undefined, roomId: 'lobby' },
    ...{ type: 'text', content: '1', createdAtMs: 0, clientMsgId: undefined, echo: true },
  };
}

const runOf = (messages: readonly LogEntry[]): readonly MessageRun[] =>
  messages.length === 0
    ? []
    : [{ stream: lobby, firstSeq: messages[0]?.seq ?? 0, lastSeq: messages.at(-1)?.seq ?? 0, bytes: 0, packetsFor: () => undefined }];

/** Where a reader starts that needs nothing from the log. */
const from = (stream: string, head: number): ReaderStart => ({ stream, cursor: head, head, written: head });

/** Writes down what it is told: `3` for a message, `3-5` for several together, `>2` for "read on from 2". */
class FakeReader implements Reader {
  readonly userId: string;
  readonly heard: string[] = [];
  readonly runs: MessageRun[] = [];

  constructor(userId = 'ann') {
    this.userId = userId;
  }

  deliver(run: MessageRun): void {
    this.heard.push(run.firstSeq === run.lastSeq ? `${run.firstSeq}` : `${run.firstSeq}-${run.lastSeq}`);
    this.runs.push(run);
  }

  fallBehind(_stream: string, seq: number): void {
    this.heard.push(`>${seq}`);
  }

  follow(): void {}
  unfollow(): void {}
  live(): void {}
  presence(): void {}
  acknowledge(): boolean {
    return true;
  }
  onPong(): void {}
  onDrain(): void {}
  unacknowledged() {
    return [];
  }
  close(): void {}
}

interface SetUp {
  readonly head?: number;
  readonly readStream?: StreamPorts['readStream'];
  readonly confirmMembers?: StreamPorts['confirmMembers'];
}

/** A log that can't be read now, so that the readers have to try it themselves. */
const unreadable = () => Promise.reject(new Error('busy'));

function setUp({ head = 0, readStream = unreadable, confirmMembers = () => Promise.resolve() }: SetUp = {}) {
  let encoded = 0;
  const clock = new ManualClock();
  const runs: StreamPorts['runs'] = (messages) => {
    encoded += messages.length;
    return runOf(messages);
  };
  const streams = new Streams({ runs, clock, readStream, confirmMembers });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const reader = new FakeReader();
  streams.follow(reader, from(lobby, head));
  return {
    streams,
    reader,
    clock,
    /** Lets the time pass in which missing messages are waited for. */
    overdue: async () => {
      clock.advance(50);
      await settled();
    },
    encodings: () => encoded,
    publish: (...seqs: number[]) => seqs.forEach((seq) => void streams.publish([messageOf(seq)])),
    publishTogether: (...seqs: number[]) => streams.publish(seqs.map(messageOf)),
  };
}

test('a message is encoded once, whatever the number of its readers', () => {
  const { streams, reader, encodings, publish } = setUp();
  const others = [new FakeReader('bob'), new FakeReader('eve')];
  for (const other of others) streams.follow(other, from(lobby, 0));
  publish(1);
  expect(encodings()).toBe(1);
  expect(others.flatMap(({ runs }) => runs)).toEqual([reader.runs[0], reader.runs[0]]);
});

test('messages that were stored together are handed over together, whatever lies between them', () => {
  const { streams, reader, publishTogether } = setUp();
  publishTogether(1, 2, 2, 1, 3);
  expect(reader.heard).toEqual(['1-3']);
  const other: StoredMessage = { ...messageOf(1), stream: 'room:other', recipientId: undefined, roomId: 'other' };
  const elsewhere = new FakeReader('eve');
  streams.follow(elsewhere, from('room:other', 0));
  streams.publish([messageOf(4), other, messageOf(5)]);
  expect(reader.heard.slice(1)).toEqual(['4-5']);
  expect(elsewhere.heard).toEqual(['1']);
});

test('a message that nobody here reads costs nothing, and nothing is kept of its stream', () => {
  const { streams, reader, encodings, publish } = setUp();
  streams.close(lobby, reader);
  publish(1);
  expect(encodings()).toBe(0);
  expect(streams.head(lobby)).toBeUndefined();
});

describe('notices that go wrong', () => {
  test('doubled and late ones are ignored', () => {
    const { reader, publish } = setUp({ head: 2 });
    publish(1, 2, 3, 3, 2, 4);
    expect(reader.heard).toEqual(['3', '4']);
  });

  test('what comes in another order is put in order, and costs no read', async () => {
    const { reader, clock, publish, overdue } = setUp();
    publish(3, 2);
    clock.advance(49);
    publish(1, 4);
    await overdue();
    expect(reader.heard).toEqual(['1-3', '4']);
    expect(clock.timerCount).toBe(0);
  });

  test('what has not come after 50 ms is read once for all readers, and published as if it had come', async () => {
    const asked: unknown[] = [];
    const { streams, reader, publish, overdue } = setUp({
      async readStream({ stream, afterSeq, uptoSeq }) {
        asked.push([stream, afterSeq, uptoSeq]);
        return [2, 3, 4].map(messageOf);
      },
    });
    const other = new FakeReader('bob');
    streams.follow(other, from(lobby, 0));
    publish(1, 4, 3);
    await overdue();
    publish(2, 5);
    expect(reader.heard).toEqual(['1', '2-4', '5']);
    expect(other.heard).toEqual(reader.heard);
    expect(asked).toEqual([[lobby, 1, 4]]);
  });

  test('where that can not be read, the readers read on from the log', async () => {
    const { streams, reader, publish, overdue } = setUp();
    publish(1, 3, 5);
    expect(reader.heard).toEqual(['1']);
    await overdue();
    expect(reader.heard).toEqual(['1', '>1']);
    expect(streams.head(lobby)).toBe(5);
    publish(2, 6);
    expect(reader.heard).toEqual(['1', '>1', '6']);
  });

  test('what comes while the log is read is not doubled', async () => {
    let answer = (_page: readonly LogEntry[]): void => {};
    const { reader, publish, overdue } = setUp({ readStream: () => new Promise((resolve) => (answer = resolve)) });
    publish(2);
    await overdue();
    publish(1, 4, 3);
    answer([messageOf(1), messageOf(2)]);
    await overdue();
    expect(reader.heard).toEqual(['1-2', '3-4']);
  });

  test('more than 256 messages are not held, but read', async () => {
    const { reader, publish, overdue } = setUp({
      readStream: async ({ afterSeq, uptoSeq }) => Array.from({ length: uptoSeq - afterSeq }, (_, n) => messageOf(afterSeq + 1 + n)),
    });
    for (let seq = 2; seq <= 400; seq++) publish(seq);
    publish(1);
    expect(reader.heard).toEqual(['1-257']);
    await overdue();
    expect(reader.heard).toEqual(['1-257', '258-400']);
  });

  test('nothing waits for a stream that nobody reads any more', async () => {
    const { streams, reader, clock, publish } = setUp();
    publish(2);
    streams.close(lobby, reader);
    expect(clock.timerCount).toBe(0);
  });
});

describe('a head that is known from the log', () => {
  test('sends readers to the log, but not those that are there already', async () => {
    const { streams, reader, publish } = setUp();
    publish(1, 2);
    await streams.raise([
      { stream: lobby, seq: 2 },
      { stream: 'room:nobody', seq: 9 },
    ]);
    expect(reader.heard).toEqual(['1', '2']);
    await streams.raise([{ stream: lobby, seq: 5 }]);
    expect(reader.heard).toEqual(['1', '2', '>2']);
    publish(4, 6);
    expect(reader.heard).toEqual(['1', '2', '>2', '6']);
  });

  test('of a new reader leaves those alone who read the stream: the rest is on its way to them', async () => {
    const { streams, reader, publish, overdue } = setUp({ head: 2 });
    const late = new FakeReader('bob');
    streams.follow(late, from(lobby, 4));
    expect(streams.head(lobby)).toBe(2);
    publish(3, 4);
    await overdue();
    expect(reader.heard).toEqual(['3', '4']);
  });

  test('of a new reader is reason to look, if the rest does not come', async () => {
    const { streams, reader, overdue } = setUp({ head: 2 });
    streams.follow(new FakeReader('bob'), from(lobby, 4));
    await overdue();
    expect(reader.heard).toEqual(['>2']);
    expect(streams.head(lobby)).toBe(4);
  });
});

describe("a room's message (I17)", () => {
  const after = (membersVersion: number, seq: number): SharedMessage => ({ ...messageOf(seq), membersVersion });

  function inRoom() {
    const confirmed: (readonly string[])[] = [];
    const hub = setUp({
      head: 0,
      async confirmMembers(roomIds) {
        confirmed.push(roomIds);
        hub.streams.knowMembers(lobby, 7);
      },
    });
    hub.streams.close(lobby, hub.reader);
    hub.streams.follow(hub.reader, { ...from(lobby, 0), membersVersion: 3 });
    return { ...hub, confirmed };
  }

  test('that was sent after a change of members which is not known here waits for it', async () => {
    const { streams, reader, clock, confirmed } = inRoom();
    streams.publish([after(3, 1), after(4, 2), after(4, 3)]);
    expect(reader.heard).toEqual(['1']);
    streams.knowMembers(lobby, 4);
    expect(reader.heard).toEqual(['1', '2-3']);
    expect(clock.timerCount).toBe(0);
    expect(confirmed).toEqual([]);
  });

  test('is not given to who has left: if the change does not come, the members are read first', async () => {
    const { streams, reader, overdue, confirmed } = inRoom();
    streams.publish([after(5, 1)]);
    await overdue();
    expect(confirmed).toEqual([['lobby']]);
    expect(reader.heard).toEqual(['1']);
  });

  test('is not read from the log before the members were', async () => {
    const order: string[] = [];
    const { streams } = setUp({
      async confirmMembers() {
        await undefined;
        order.push('members');
      },
    });
    const reader = new FakeReader();
    reader.fallBehind = () => order.push('log');
    streams.follow(reader, { ...from(lobby, 0), membersVersion: 3 });
    await streams.raise([{ stream: lobby, seq: 2 }]);
    expect(order).toEqual(['members', 'log']);
  });

  test('waits as well where a new reader knows less of the members than the others', async () => {
    const { streams, reader } = inRoom();
    streams.follow(new FakeReader('bob'), { ...from(lobby, 0), membersVersion: 2 });
    streams.publish([after(3, 1)]);
    expect(reader.heard).toEqual([]);
  });
});

test('a reader that follows a stream finds its head there, so that it sees what waits in the log', () => {
  const { streams, reader: first } = setUp();
  streams.close(lobby, first);
  const reader = new FakeReader();
  const heads: unknown[] = [];
  reader.follow = () => heads.push(streams.head(lobby));
  streams.follow(reader, { stream: lobby, cursor: 0, head: 3, written: 0 });
  expect(heads).toEqual([3]);
});

test('a new reader that knows an earlier head moves nothing back', () => {
  const { streams, publish } = setUp();
  publish(1, 2);
  streams.follow(new FakeReader('bob'), from(lobby, 1));
  expect(streams.head(lobby)).toBe(2);
});

test('whatever is lost, doubled and late, every reader is led through every message once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 6 }), { maxLength: 30 }), async (batches) => {
      const { streams, reader, overdue } = setUp();
      let position = 0;
      reader.deliver = ({ firstSeq, lastSeq }) => {
        expect(firstSeq).toBe(position + 1);
        position = lastSeq;
      };
      reader.fallBehind = (_stream, seq) => {
        expect(seq).toBe(position);
        // It reads the log, up to the head of that moment.
        position = streams.head(lobby) ?? 0;
      };
      for (const [index, seqs] of batches.entries()) {
        streams.publish(seqs.map(messageOf));
        if (index % 5 === 4) await overdue();
      }
      await overdue();
      expect(position).toBe(Math.max(0, ...batches.flat()));
    }),
  );
});
