import { expect, test } from 'vitest';
import { OutgoingPacket, OutgoingRun } from './outgoing-packet.ts';

const texts = ['2["a"]', '2["é ÿ"]', '2["漢 😀"]', '2["\ud800"]', `2["${'x'.repeat(200)}"]`, `2["${'é'.repeat(40_000)}"]`];

test('the frames of a run are those of its packets, one after the other, whatever the characters', () => {
  const alone = texts.map((text) => new OutgoingPacket(text).frames);
  expect(new OutgoingRun(texts).frames).toEqual(Buffer.concat(alone));
  const sizes = alone.map((frame) => frame.length);
  expect(sizes).toEqual(
    texts.map((text) => Buffer.byteLength(`4${text}`)).map((bytes) => bytes + (bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10)),
  );
  expect(alone[2]?.subarray(2).toString()).toBe('42["漢 😀"]');
});
