import { expect, test } from 'vitest';
import { encodeFrame, FrameReader, opcodes } from './frames.ts';

/** As a server writes it: not masked. */
function serverFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const masked = encodeFrame(opcodes.text, payload);
  const headerBytes = masked.length - payload.length - 4;
  const frame = Buffer.concat([masked.subarray(0, headerBytes), payload]);
  frame.writeUInt8(frame.readUInt8(1) & 0x7f, 1);
  return frame;
}

const texts = ['', '2', 'x'.repeat(125), 'y'.repeat(126), 'z'.repeat(65_535), 'ä'.repeat(40_000)];

test('reads frames of every length, whole and in pieces', () => {
  const bytes = Buffer.concat(texts.map(serverFrame));
  for (const pieceBytes of [bytes.length, 1_000, 7]) {
    const reader = new FrameReader();
    const read: string[] = [];
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      for (const { payload } of reader.read(bytes.subarray(at, at + pieceBytes))) read.push(payload.toString());
    }
    expect(read).toEqual(texts);
  }
});
