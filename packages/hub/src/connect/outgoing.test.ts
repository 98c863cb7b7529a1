import { readFileSync } from 'node:fs';
import { decodePayload, type EnginePacket } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import { OutgoingPacket, OutgoingRun } from '../lib/outgoing-packet.ts';
import { binaryFrame, textFrame } from '../lib/websocket-frames.ts';
import { OutgoingEnginePacket, PacketQueue } from './outgoing.ts';

const { packets }: { packets: readonly { readonly text: string; readonly packet: EnginePacket }[] } = JSON.parse(
  readFileSync(new URL('../../../protocol/vectors/engineio.json', import.meta.url), 'utf8'),
  (_key, value) => (Array.isArray(value?.bytes) ? Uint8Array.from(value.bytes) : value),
);

describe('packets of the golden vectors leave as frames and as a polling body', () => {
  test.each(packets)('$text', ({ text, packet }) => {
    const outgoing = new OutgoingEnginePacket(packet);
    expect(outgoing.payload).toBe(text);
    expect(outgoing.frames).toEqual(typeof packet.data === 'string' ? textFrame(text) : binaryFrame(packet.data));
    expect(decodePayload(outgoing.payload, 1)).toEqual([packet]);
  });
});

test('what a transport leaves stays queued, in order and counted', () => {
  const queue = new PacketQueue();
  const run = new OutgoingRun(['2["a"]', '2["b"]']);
  const last = new OutgoingPacket('2["last"]');
  queue.push(run);
  queue.push(last);
  expect(queue.bytes).toBe(run.frames.length + last.frames.length);
  const left = [...run.packets.slice(1), last];
  queue.keep(left);
  expect(queue.packets).toEqual(left);
  expect(queue.bytes).toBe(Buffer.concat(left.map(({ frames }) => frames)).length);
  queue.keep([]);
  expect([queue.isEmpty, queue.bytes]).toEqual([true, 0]);
});
