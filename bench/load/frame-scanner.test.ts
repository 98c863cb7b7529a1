import { expect, test } from 'vitest';
import { FrameScanner, prefix } from './frame-scanner.ts';

/** What a server sends: a text frame without a mask. */
function serverFrame(text: string): Buffer {
  const { length } = Buffer.from(text);
  const header = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(header), Buffer.from(text)]);
}

const stream = Buffer.concat([
  serverFrame('42["message",{"content":"short"}]'),
  serverFrame('2'),
  serverFrame(`42["message",{"content":"${'long '.repeat(100)}"}]`),
  serverFrame('430[{"status":"success","seq":1}]'),
  serverFrame('430[{"status":"error","code":"queue_full"}]'),
  Buffer.from([0x89, 2, 104, 105]),
  serverFrame('42["message_sent",{}]'),
]);

function scan(chunkBytes: number): string[] {
  const seen: string[] = [];
  const scanner = new FrameScanner(
    { delivery: prefix('42["message",'), acknowledged: prefix('430[{"status":"success"') },
    {
      onDelivery: () => seen.push('delivery'),
      onAcknowledged: () => seen.push('acknowledged'),
      onText: (text) => seen.push(text),
      onPing: (payload) => seen.push(`ping ${payload.toString()}`),
    },
  );
  // One buffer that is overwritten, as a socket's is.
  const buffer = Buffer.alloc(chunkBytes);
  for (let at = 0; at < stream.length; at += chunkBytes) {
    const chunk = stream.subarray(at, at + chunkBytes);
    chunk.copy(buffer);
    scanner.feed(buffer.subarray(0, chunk.length));
  }
  return seen;
}

test('frames are counted or read the same however the bytes are cut', () => {
  const expected = [
    'delivery',
    '2',
    'delivery',
    'acknowledged',
    '430[{"status":"error","code":"queue_full"}]',
    'ping hi',
    '42["message_sent",{}]',
  ];
  for (const chunkBytes of [1, 2, 3, 7, 64, 200, stream.length]) expect(scan(chunkBytes), `in chunks of ${chunkBytes}`).toEqual(expected);
});

test('with an empty prefix every text is a delivery', () => {
  let deliveries = 0;
  const ignore = () => {};
  const scanner = new FrameScanner(
    { delivery: prefix(''), acknowledged: undefined },
    { onDelivery: () => deliveries++, onAcknowledged: ignore, onText: ignore, onPing: ignore },
  );
  scanner.feed(stream);
  expect(deliveries).toBe(6);
});
