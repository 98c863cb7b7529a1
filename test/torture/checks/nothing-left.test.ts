import { expect, test } from 'vitest';
import { everybodyConnects, type Line, problemsOf } from './hand-made-history.ts';
import { nothingLeft } from './nothing-left.ts';

const registered = (queued: number, missed: number): readonly Line[] => [
  { kind: 'open', connection: 4, reader: 1 },
  { kind: 'registered', connection: 4, queued, missed },
];

test('lets messages wait before the drain, and finds those that wait after it', () => {
  expect(problemsOf(nothingLeft, [...everybodyConnects, ...registered(3, 0)])).toEqual([]);
  expect(problemsOf(nothingLeft, [...everybodyConnects, { kind: 'drained' }, ...registered(3, 0)])).toEqual([
    '3 messages were still queued after the drain',
  ]);
});

test('finds messages that the hub says it dropped', () => {
  expect(problemsOf(nothingLeft, [...everybodyConnects, ...registered(0, 2)])).toEqual(['the hub said that 2 messages were missed']);
});
