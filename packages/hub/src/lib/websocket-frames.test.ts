import { readFileSync } from 'node:fs';
import type { EnginePacket } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import { binaryFrame, messageFrames, textFrame } from './websocket-frames.ts';

describe('the bytes of a frame are those of RFC 6455', () => {
  test.each([
    { name: 'a short text', frame: textFrame('Hello'), hex: '81 05 48 65 6c 6c 6f' },
    { name: 'no text', frame: textFrame(''), hex: '81 00' },
    { name: 'binary data', frame: binaryFrame(Uint8Array.of(1, 2, 255)), hex: '82 03 01 02 ff' },
    { name: 'a message', frame: messageFrames(['2["é"]']), hex: '81 08 34 32 5b 22 c3 a9 22 5d' },
    { name: 'two messages', frame: messageFrames(['a', '']), hex: '81 02 34 61 81 01 34' },
  ])('$name', ({ frame, hex }) => {
    expect(frame.toString('hex')).toBe(hex.replaceAll(' ', ''));
  });

  test.each([
    { bytes: 125, header: '827d' },
    { bytes: 126, header: '827e007e' },
    { bytes: 65_535, header: '827effff' },
    { bytes: 65_536, header: '827f0000000000010000' },
  ])('a length of $bytes bytes', ({ bytes, header }) => {
    const frame = binaryFrame(new Uint8Array(bytes).fill(7));
    expect(frame.subarray(0, header.length / 2).toString('hex')).toBe(header);
    expect(frame.subarray(header.length / 2)).toEqual(Buffer.alloc(bytes, 7));
  });
});

const { packets }: { packets: readonly { readonly text: string; readonly packet: EnginePacket }[] } = JSON.parse(
  readFileSync(new URL('../../../protocol/vectors/engineio.json', import.meta.url), 'utf8'),
);
const messages = packets.flatMap(({ text, packet: { type, data } }) =>
  type === 'message' && typeof data === 'string' ? [{ text, data }] : [],
);

test('messages of the golden vectors are framed as their text form', () => {
  expect(messages.length).toBeGreaterThan(4);
  expect(messageFrames(messages.map(({ data }) => data))).toEqual(Buffer.concat(messages.map(({ text }) => textFrame(text))));
});
