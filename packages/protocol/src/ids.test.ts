import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idProblem, userIdFromWire, userIdToWire } from './ids.ts';

test('1 and "1" are the same user, and go out as the number', () => {
  expect(userIdFromWire(1)).toBe(userIdFromWire('1'));
  expect(userIdToWire('1')).toBe(1);
});

test.each(['01', '', '-1', '1.0', '1e3', ' 1', '１', '1234567890123456'])('"%s" stays a string', (id) => {
  expect(userIdToWire(id)).toBe(id);
});

test.each(['0', '7', '999999999999999'])('"%s" is a number on the wire', (id) => {
  expect(userIdToWire(id)).toBe(Number(id));
});

test('an id comes back as it went out, whatever it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.maxSafeInteger().map(String)), (id) => {
      expect(userIdFromWire(userIdToWire(id))).toBe(id);
      expect(userIdFromWire(JSON.parse(JSON.stringify(userIdToWire(id))))).toBe(id);
    }),
  );
});

describe('an id looks like no other (ids that look the same, golden cases)', () => {
  test.each(['a', 'ann', 'Ann B', 'user:1', "'; --", '漢字', 'Grüße', 'ñandú', '👋🏽', '0', '007', 'é', 'x'.repeat(128), '😀'.repeat(128)])(
    '%s is one',
    (id) => {
      expect(idProblem(id)).toBeUndefined();
    },
  );

  const unseen = (point: string) => `holds a character that can't be seen (${point})`;
  const cases: [name: string, id: string, problem: string][] = [
    ['nothing', '', 'is empty; it must have 1 to 128 characters'],
    ['129 characters', 'x'.repeat(129), 'is longer than 128 characters'],
    ['129 characters outside the first plane', '😀'.repeat(129), 'is longer than 128 characters'],
    ['NUL', 'a\u0000b', unseen('U+0000')],
    ['a line feed', 'a\nb', unseen('U+000A')],
    ['a control character of Latin-1', 'a\u0085b', unseen('U+0085')],
    ['a zero-width space', 'ann\u200b', unseen('U+200B')],
    ['a zero-width joiner', 'a\u200dnn', unseen('U+200D')],
    ['a byte order mark', '\ufeffann', unseen('U+FEFF')],
    ['a soft hyphen', 'a\u00adnn', unseen('U+00AD')],
    ['a word joiner', 'a\u2060nn', unseen('U+2060')],
    ['right-to-left override', 'ann\u202e', unseen('U+202E')],
    ['a bidi isolate', 'ann\u2066', unseen('U+2066')],
    ['a tag character', 'ann\u{e0041}', unseen('U+E0041')],
    ['a line separator', 'ann\u2028bob', unseen('U+2028')],
    ['a space before it', ' ann', 'begins or ends with a space'],
    ['a space behind it', 'ann ', 'begins or ends with a space'],
    ['a no-break space behind it', 'ann\u00a0', 'begins or ends with a space'],
    ['an ideographic space', '\u3000', 'begins or ends with a space'],
    ['a letter and its accent apart', 'e\u0301', 'is not in Unicode normal form C (NFC)'],
    ['the Ångström sign', '\u212b', 'is not in Unicode normal form C (NFC)'],
    ['half of a surrogate pair', 'a\ud800', 'holds half of a surrogate pair, which is no Unicode character'],
  ];
  test.each(cases)('%s is refused', (_name, id, problem) => {
    expect(idProblem(id)).toBe(problem);
  });
});
