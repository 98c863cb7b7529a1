import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('without options it is the short run with any seed', () => {
  expect(parseOptions([], 5)).toMatchObject({ seed: 5, pending: undefined });
});

test('minutes bring their kills with them, unless they are given', () => {
  expect(parseOptions(['--minutes', '5', '--seed', '9'], 5)).toMatchObject({ seed: 9, durationMs: 300_000, kills: 100 });
  expect(parseOptions(['--minutes', '5', '--kills', '3'], 5)).toMatchObject({ kills: 3 });
});

test('help and mistakes are printed instead of a run', () => {
  expect(parseOptions(['--help'], 5)).toMatchObject({ isProblem: false });
  for (const argv of [['--minutes', 'x'], ['--kills', '-1'], ['--frobnicate'], ['5']]) {
    expect(parseOptions(argv, 5)).toMatchObject({ isProblem: true });
  }
});
