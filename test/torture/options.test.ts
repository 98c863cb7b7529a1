import { describe, expect, test } from 'vitest';
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

describe('of a cluster', () => {
  const clustered = ['--store', 'postgres'];

  test('it is three nodes with notices over PostgreSQL, unless told otherwise', () => {
    expect(parseOptions([], 5)).toMatchObject({ cluster: undefined });
    expect(parseOptions(clustered, 5)).toMatchObject({ cluster: { nodes: 3, bus: 'notify' } });
    expect(parseOptions([...clustered, '--nodes', '2', '--bus', 'redis'], 5)).toMatchObject({ cluster: { nodes: 2, bus: 'redis' } });
  });

  test('minutes bring their faults with them, unless they are given', () => {
    expect(parseOptions([...clustered, '--minutes', '5'], 5)).toMatchObject({ durationMs: 300_000, faults: 100 });
    expect(parseOptions([...clustered, '--minutes', '5', '--faults', '7'], 5)).toMatchObject({ faults: 7 });
  });

  test.for([
    [['--nodes', '3']],
    [['--bus', 'nats']],
    [['--faults', '3']],
    [['--store', 'mysql']],
    [[...clustered, '--bus', 'carrier-pigeon']],
    [[...clustered, '--nodes', '1.5']],
    [[...clustered, '--kills', '3']],
  ])('%s makes no sense', ([argv]) => {
    expect(parseOptions(argv ?? [], 5)).toMatchObject({ isProblem: true });
  });
});
