import { describe, expect, test } from 'vitest';
import { allStreams } from '../history/events.ts';
import { bob, close, connect, deliver, everybodyConnects, type Line, ok, problemsOf, send } from './hand-made-history.ts';
import { redelivery } from './redelivery.ts';

const delivered = [...everybodyConnects, send(0, bob), ok(0, 1), { ...deliver(1, bob, 1, 0), atMs: 1_000 }];
const marked = deliver(4, bob, 1, 0, { redelivered: true });

test('is content with a second delivery that is marked, after a disconnect', () => {
  expect(problemsOf(redelivery, [...delivered, close(1), ...connect(4, 1), marked])).toEqual([]);
});

test('finds a second delivery without the mark', () => {
  expect(problemsOf(redelivery, [...delivered, close(1), ...connect(4, 1), deliver(4, bob, 1, 0)])).toEqual([
    'seq 1 came again without the mark',
  ]);
});

test('asks for no mark on the copies of connections that are open side by side', () => {
  const history = [...everybodyConnects, ...connect(4, 1), send(0, bob), deliver(1, bob, 1, 0), deliver(4, bob, 1, 0)];
  expect(problemsOf(redelivery, history)).toEqual([]);
});

describe('of what was acknowledged', () => {
  const acknowledged = [...delivered, { kind: 'acknowledged', connection: 1, stream: allStreams, seq: 0 }] as const;
  const again = [...connect(4, 1), marked];

  test('finds a second delivery long after the acknowledgement', () => {
    expect(problemsOf(redelivery, [...acknowledged, { ...close(1), atMs: 9_000 }, ...again])).toEqual([
      'seq 1 came again although its receipt had been acknowledged',
    ]);
  });

  test('lets an acknowledgement be lost that is younger than the hub needs to write it', () => {
    expect(problemsOf(redelivery, [...acknowledged, { ...close(1), atMs: 2_000 }, ...again])).toEqual([]);
    expect(problemsOf(redelivery, [...acknowledged, { kind: 'down', atMs: 2_000 }, { ...close(1), atMs: 9_000 }, ...again])).toEqual([]);
  });

  test('covers only what had come before the acknowledgement', () => {
    const history = [...acknowledged, send(1, bob), deliver(1, bob, 2, 1), { ...close(1), atMs: 9_000 }, ...connect(4, 1)];
    expect(problemsOf(redelivery, [...history, deliver(4, bob, 2, 1, { redelivered: true })])).toEqual([]);
  });

  test('takes an explicit acknowledgement up to its seq', () => {
    const acknowledged = [...delivered, { kind: 'acknowledged', connection: 1, stream: bob, seq: 1 }] as const;
    expect(problemsOf(redelivery, [...acknowledged, { ...close(1), atMs: 9_000 }, ...again])).toHaveLength(1);
  });
});

describe('in a cluster', () => {
  const atNode = (connection: number, node: number): Line[] => [
    { kind: 'open', connection, reader: 1, node },
    { kind: 'registered', connection, queued: 0, missed: 0 },
  ];
  const heard: readonly Line[] = [
    ...[...everybodyConnects, close(1), ...atNode(4, 1)],
    ...[send(0, bob), ok(0, 1), { ...deliver(4, bob, 1, 0), atMs: 1_000 }],
    { kind: 'acknowledged', connection: 4, stream: allStreams, seq: 0 },
  ];
  const again: readonly Line[] = [{ ...close(4), atMs: 9_000 }, ...atNode(5, 0), deliver(5, bob, 1, 0, { redelivered: true })];
  const problem = ['seq 1 came again although its receipt had been acknowledged'];

  test('the end of another node excuses no lost acknowledgement, that of its own does', () => {
    expect(problemsOf(redelivery, [...heard, { kind: 'down', node: 2, atMs: 2_000 }, ...again])).toEqual(problem);
    expect(problemsOf(redelivery, [...heard, { kind: 'down', node: 1, atMs: 2_000 }, ...again])).toEqual([]);
  });

  test('what is acknowledged while the store is away may be lost', () => {
    const away: readonly Line[] = [...heard, { kind: 'storeDown', atMs: 1_500 }, { kind: 'storeUp', atMs: 3_000 }];
    expect(problemsOf(redelivery, [...away, ...again])).toEqual([]);
  });
});
