import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MessageRun, Reader, ReaderStart } from '../ports/session.ts';
import type { StoredMessage } from '../ports/store.ts';
import { Streams } from './streams.ts';

const lobby = 'room:lobby';

function messageOf(seq: number): StoredMessage {
  return {
    ...{ id: seq, stream: lobby, seq, senderId: 'bob', recipientId: undefined, roomId: 'lobby' },
    ...{ type: 'text', content: '1', createdAtMs: 0, clientMsgId: undefined, echo: true },
  };
}

const runOf = (messages: readonly StoredMessage[]): readonly MessageRun[] =>
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

function setUp(head = 0) {
  let encoded = 0;
  const streams = new Streams((messages) => {
    encoded += messages.length;
    return runOf(messages);
  });
  const reader = new FakeReader();
  streams.follow(reader, from(lobby, head));
  return {
    streams,
    reader,
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
  publishTogether(4, 6, 7, 8);
  expect(reader.heard).toEqual(['1-3', '4', '>4', '7-8']);
  const other: StoredMessage = { ...messageOf(1), stream: 'room:other', recipientId: undefined, roomId: 'other' };
  const elsewhere = new FakeReader('eve');
  streams.follow(elsewhere, from('room:other', 0));
  streams.publish([messageOf(9), other, messageOf(10)]);
  expect(reader.heard.slice(4)).toEqual(['9-10']);
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
    const { reader, publish } = setUp(2);
    publish(1, 2, 3, 3, 2, 4);
    expect(reader.heard).toEqual(['3', '4']);
  });

  test('after a lost one the readers read on from the log', () => {
    const { streams, reader, publish } = setUp();
    publish(1, 3);
    expect(reader.heard).toEqual(['1', '>1']);
    expect(streams.head(lobby)).toBe(3);
    publish(2, 4);
    expect(reader.heard).toEqual(['1', '>1', '4']);
  });
});

test('a new reader that knows a later head sends those who are there to the log, not itself', () => {
  const { streams, reader } = setUp(2);
  const late = new FakeReader('bob');
  streams.follow(late, from(lobby, 5));
  expect(reader.heard).toEqual(['>2']);
  expect(late.heard).toEqual([]);
  expect(streams.head(lobby)).toBe(5);
});

test('a reader that follows a stream finds its head there, so that it sees what waits in the log', () => {
  const streams = new Streams(runOf);
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

test('whatever is lost, doubled and late, every reader is led through every message once', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 6 }), { maxLength: 30 }), (batches) => {
      const streams = new Streams(runOf);
      let position = 0;
      const reader = new FakeReader();
      reader.deliver = ({ firstSeq, lastSeq }) => {
        expect(firstSeq).toBe(position + 1);
        position = lastSeq;
      };
      reader.fallBehind = (_stream, seq) => {
        expect(seq).toBe(position);
        // It reads the log, up to the head of that moment.
        position = streams.head(lobby) ?? 0;
      };
      streams.follow(reader, from(lobby, 0));
      for (const seqs of batches) streams.publish(seqs.map(messageOf));
      expect(position).toBe(Math.max(0, ...batches.flat()));
    }),
  );
});
