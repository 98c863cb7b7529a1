import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { News, SharedMessage } from '../ports/shared-store.ts';
import { placeOf } from '../ports/store.ts';
import { commitText, contentCharactersMax, frameVersion, liveText, parseFrame } from './frames.ts';
import { inPieces, Pieces } from './pieces.ts';

const sent = { node: 3, serial: 7 };

const messages: fc.Arbitrary<SharedMessage> = fc
  .record({
    stream: fc.constantFrom('user:ann', 'room:lobby'),
    id: fc.nat(),
    seq: fc.nat(),
    senderId: fc.string({ unit: 'binary' }),
    type: fc.string(),
    content: fc.json(),
    createdAtMs: fc.nat(),
    clientMsgId: fc.option(fc.string(), { nil: undefined }),
    echo: fc.boolean(),
    membersVersion: fc.option(fc.nat(), { nil: undefined }),
  })
  .map((message) => ({ ...message, ...placeOf(message.stream) }));

test('a commit is read as it was written', () => {
  fc.assert(
    fc.property(fc.array(messages), fc.nat(), (all, position) => {
      const news: readonly News[] = [{ kind: 'user', userId: 'ann' }];
      const frame = parseFrame(commitText(sent, { lane: 1, position, messages: all, news }, []));
      const [short, long] = [all.filter(isShort), all.filter((message) => !isShort(message))];
      const heads = long.map(({ stream, seq }) => ({ stream, seq }));
      expect(frame).toEqual({ kind: 'commit', ...sent, lane: 1, position, messages: short, heads, news, entries: [] });
    }),
  );
});

const isShort = ({ content }: SharedMessage): boolean => content.length <= contentCharactersMax;

test('nothing that is no frame is taken for one', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => parseFrame(text) === undefined));
  expect(parseFrame(liveText(sent, 0, []))).toMatchObject({ kind: 'live', ...sent });
});

test('a frame that is broken inside is no error', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()).map(asText), (text) => {
      parseFrame(text);
    }),
  );
  expect(parseFrame(asText([0, 1, [['user:ann', 'one']], [], []]))).toBeUndefined();
});

const asText = (rest: readonly unknown[]): string => `${JSON.stringify([frameVersion, 'c', 1, 1, ...rest])}\n`;

test('a frame of another version is none', () => {
  const text = liveText(sent, 0, []);
  expect(parseFrame(text.replace(`[${frameVersion}`, `[${frameVersion + 1}`))).toBeUndefined();
});

test('pieces make up the text in any order, and fit on the bus', () => {
  const texts = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3_000 });
  fc.assert(
    fc.property(texts, fc.integer({ min: 200, max: 2_000 }), fc.boolean(), (text, bytesMax, isReversed) => {
      const pieces = inPieces(text, 1, 2, bytesMax);
      for (const piece of pieces) expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(bytesMax);
      const collected = new Pieces(1_000_000);
      const given = isReversed ? pieces.toReversed() : pieces;
      const whole = given.flatMap((piece) => collected.add(Buffer.from(piece).toString()) ?? []);
      expect(whole).toEqual([text]);
    }),
  );
});

test('texts that never become whole do not fill the memory', () => {
  const pieces = new Pieces(1_000);
  const [first = '', ...rest] = inPieces('x'.repeat(2_000), 1, 1, 800);
  expect(pieces.add(first)).toBeUndefined();
  for (let serial = 2; serial < 10; serial++) pieces.add(inPieces('y'.repeat(2_000), 1, serial, 800)[0] ?? '');
  expect(rest.map((piece) => pieces.add(piece))).toEqual(rest.map(() => undefined));
});
