import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { OutgoingPacket, OutgoingRun } from './outgoing-packet.ts';
import { binaryFrame, textFrame } from './websocket-frames.ts';

const texts = ['2["a"]', '2["é ÿ"]', '2["漢 😀"]', '2["\ud800"]', `2["${'x'.repeat(200)}"]`, `2["${'é'.repeat(40_000)}"]`];

test('the frames of a run are those of its packets, one after the other, whatever the characters', () => {
  const alone = texts.map((text) => new OutgoingPacket(text).frames);
  expect(alone).toEqual(texts.map((text) => textFrame(`4${text}`)));
  const run = new OutgoingRun(texts);
  expect(run.frames).toEqual(Buffer.concat(alone));
  expect(run.packets.map(({ payload }) => payload)).toEqual(texts.map((text) => `4${text}`));
});

interface Vector {
  readonly text: string;
  readonly attachments?: readonly (readonly number[])[];
}
const { both }: { both: readonly Vector[] } = JSON.parse(
  readFileSync(new URL('../../../protocol/vectors/socketio.json', import.meta.url), 'utf8'),
);

describe('packets of the golden vectors leave as frames and as a polling body', () => {
  test.each(both)('$text', ({ text, attachments = [] }) => {
    const bytes = attachments.map((values) => Uint8Array.from(values));
    const packet = new OutgoingPacket(text, bytes);
    expect(packet.frames).toEqual(Buffer.concat([textFrame(`4${text}`), ...bytes.map(binaryFrame)]));
    expect(packet.payload).toBe([`4${text}`, ...bytes.map((value) => `b${Buffer.from(value).toString('base64')}`)].join('\u001e'));
  });
});
