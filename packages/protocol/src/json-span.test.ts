import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentOf, isWellFormedJson } from './json-span.ts';

const textOf = (eventText: string) => contentOf(eventText, 'content')?.text;

describe('the text of a value in an event', () => {
  test.each([
    ['["m",{"content":"hi"}]', '"hi"'],
    ['["m",{"a":1,"content":{"b":[1,2]},"c":3}]', '{"b":[1,2]}'],
    ['["m",{"content":1e400}]', '1e400'],
    ['["m",{"content":1.00}]', '1.00'],
    ['["m",{"content":null},{"content":2}]', 'null'],
    ['[ "m" , { "content" :\t[ 1 ,2 ] \n} ]', '[ 1 ,2 ]'],
    ['["m",{"content":true}]', 'true'],
    ['["m",{"content":-0 }]', '-0'],
    [String.raw`["m",{"content":"a\\"}]`, String.raw`"a\\"`],
    [String.raw`["m",{"content":"a\"}]"}]`, String.raw`"a\"}]"`],
    [String.raw`["\"m\\\"",{"content":["]","}\\"]}]`, String.raw`["]","}\\"]`],
  ])('%s has %s, byte for byte', (eventText, content) => {
    expect(textOf(eventText)).toBe(content);
  });

  test('the last one counts if the key is doubled', () => {
    expect(textOf('["m",{"content":1,"content":[2]}]')).toBe('[2]');
  });

  test('an escaped key is the same key', () => {
    expect(textOf(String.raw`["m",{"\u0063onten\u0074":1}]`)).toBe('1');
    expect(textOf(String.raw`["m",{"content":1,"\u0063ontent":2}]`)).toBe('2');
    expect(textOf(String.raw`["m",{"\\u0063ontent":1}]`)).toBeUndefined();
  });

  test('only keys of the payload itself count', () => {
    expect(textOf('["m",{"a":{"content":1}}]')).toBeUndefined();
    expect(textOf('["m",{"a":"\\"content\\":1"}]')).toBeUndefined();
  });

  test.each([
    '[]',
    '["m"]',
    '["m",1]',
    '["m","content"]',
    '["m",[{"content":1}]]',
    '["m",{}]',
    '["m",null,{"content":1}]',
    '[1,{"content":1}]',
    '{}',
    '',
  ])('%s has none', (eventText) => {
    expect(textOf(eventText)).toBeUndefined();
  });

  test('it is what JSON.parse sees, for any payload and any key', () => {
    const key = fc.oneof(fc.constantFrom('content', 'a"b', '\\', '__proto__', ''), fc.string());
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), key, fc.jsonValue(), fc.constantFrom(0, 1), (others, wanted, value, indent) => {
        const text = JSON.stringify(['m', { ...others, [wanted]: value }], undefined, indent);
        const span = contentOf(text, wanted);
        expect(JSON.parse(span?.text ?? 'false')).toEqual(JSON.parse(text)[1][wanted]);
      }),
    );
  });

  test('garbage ends in a result, never in an exception or an endless loop', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', ',', ':', ' ', 'a') }),
        (text) => void contentOf(text, 'a'),
      ),
    );
  });
});

describe('the depth of a value', () => {
  test.each([
    ['1', 0],
    ['"[[["', 0],
    ['[]', 1],
    ['{"a":[{}],"b":[]}', 3],
    ['[[],[[]],[]]', 3],
  ])('%s has %i levels', (content, depth) => {
    expect(contentOf(`["m",{"content":${content}}]`, 'content')?.depth).toBe(depth);
  });

  test('450,000 levels are counted without recursion', () => {
    const deep = '['.repeat(450_000) + ']'.repeat(450_000);
    expect(contentOf(`["m",{"content":${deep}}]`, 'content')?.depth).toBe(450_000);
  });
});

describe('halves of surrogate pairs', () => {
  test.each([
    ['"plain"', true],
    ['"😀"', true],
    [String.raw`"\ud83d\ude00"`, true],
    [String.raw`"\uD83D\uDE00\n\ud83d\uDE00"`, true],
    [String.raw`"\\ud800"`, true],
    [String.raw`"\ud800"`, false],
    [String.raw`"\\\ud800"`, false],
    [String.raw`"\udc00"`, false],
    [String.raw`"\ude00\ud83d"`, false],
    [String.raw`"\ud83dx\ude00"`, false],
    [String.raw`"\ud83d\n\ude00"`, false],
    [String.raw`"\ud83d\ud83d\ude00"`, false],
    [String.raw`["\ud83d","\ude00"]`, false],
    ['"\ud83d\\ude00"', false],
    ['"\ud800"', false],
  ])('%s: well formed is %s', (json, expected) => {
    expect(isWellFormedJson(json)).toBe(expected);
    expect(contentOf(`["m",{"content":${json}}]`, 'content')?.wellFormed).toBe(expected);
  });

  test('the answer agrees with the parsed string, however it is escaped', () => {
    const unit = fc.constantFrom('\\ud83d', '\\ude00', '\\uD801', '\\n', '\\\\', 'ud83d', 'x', '\\u0041');
    fc.assert(
      fc.property(fc.array(unit), (units) => {
        const json = `"${units.join('')}"`;
        expect(isWellFormedJson(json)).toBe(JSON.parse(json).isWellFormed());
      }),
    );
  });
});
