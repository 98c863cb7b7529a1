import { type HubEventName, hubEvents } from '@parley/protocol';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import type { LogEntry } from '../ports/store.ts';
import { entryEncoder, unreadablePacket } from './packets.ts';
import { messageOf } from './reader-bench.test-support.ts';

const room = { stream: 'room:lobby "1"', recipientId: undefined, roomId: 'lobby "1"' };

const entries: readonly (readonly [LogEntry, HubEventName])[] = [
  [messageOf(1), 'message'],
  [{ ...messageOf(2), clientMsgId: 'a "quoted" id' }, 'message'],
  [{ ...messageOf(3), senderId: '42', type: 'a "quoted" type', content: '{"a":[1,null]}' }, 'message'],
  [{ ...messageOf(4), ...room, createdAtMs: 1_764_000_000_123 }, 'room_message'],
  [{ ...messageOf(5), ...room, clientMsgId: '1', senderId: 'bob "2"' }, 'room_message'],
  [{ stream: 'user:ann', seq: 6, damaged: true }, 'error'],
  [{ stream: room.stream, seq: 7, damaged: true }, 'error'],
];

test.each([0, 10])('what is written of the log has the form of the table of events, with %i messages written before', (written) => {
  const encode = entryEncoder(written);
  for (const [entry, expected] of entries) {
    const [name, payload] = JSON.parse(encode(entry).slice(1));
    expect(name).toBe(expected);
    expect([...Value.Errors(hubEvents[expected], payload)]).toEqual([]);
  }
});

test('what the hub says of a stream that it can not read has the form of the table of events', () => {
  const [name, payload] = JSON.parse(unreadablePacket('room:lobby').text.slice(1));
  expect(name).toBe('error');
  expect([...Value.Errors(hubEvents.error, payload)]).toEqual([]);
  expect(payload).toMatchObject({ code: 'stream_unreadable', event: 'room_message', details: { room_id: 'lobby' } });
});
