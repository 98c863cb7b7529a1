import { expect, test } from 'vitest';
import { close, connect, everybodyConnects, type Line, problemsOf } from './hand-made-history.ts';
import { nothingLeft } from './nothing-left.ts';

const bobFinds = (queued: number, missed: number): readonly Line[] => [
  { kind: 'open', connection: 4, reader: 1 },
  { kind: 'registered', connection: 4, queued, missed },
];

test('lets messages wait in between, and finds those that wait in the end', () => {
  expect(problemsOf(nothingLeft, [...everybodyConnects, ...bobFinds(3, 0), close(4), ...connect(5, 1)])).toEqual([]);
  expect(problemsOf(nothingLeft, [...everybodyConnects, ...bobFinds(3, 0)])).toEqual([
    '3 messages were queued still after everything had been fetched',
  ]);
});

test('finds messages that the hub says it dropped', () => {
  expect(problemsOf(nothingLeft, [...everybodyConnects, ...bobFinds(0, 2)])).toEqual(['the hub said that 2 messages were missed']);
});
