import { describe, expect, test } from 'vitest';
import { close, connect, everybodyConnects, type Line, problemsOf } from './hand-made-history.ts';
import { presence } from './presence.ts';

const check = presence({ closedMs: 2_000, silentMs: 5_000 });
const everybody = 0b111;
const withoutBob = 0b101;
/** Any event that is later, so that the check sees the time. */
const later = (atMs: number): Line => ({ kind: 'presence', askedAtMs: atMs, online: everybody, atMs });
const seen = (atMs: number, online: number): Line => ({ kind: 'presence', askedAtMs: atMs, online, atMs });

describe('of who is gone', () => {
  test('has to be right two seconds after a goodbye', () => {
    const gone = [...everybodyConnects, { ...close(1), atMs: 1_000 }];
    expect(problemsOf(check, [...gone, seen(2_500, everybody)])).toEqual([]);
    expect(problemsOf(check, [...gone, seen(4_000, withoutBob)])).toEqual([]);
    expect(problemsOf(check, [...gone, seen(4_000, everybody)])).toEqual([
      'bob was shown as online 1000 ms after it had to be known as gone',
    ]);
  });

  test('has to be right when the pings must have found a silent end', () => {
    const gone = [...everybodyConnects, { ...close(1, true), atMs: 1_000 }];
    expect(problemsOf(check, [...gone, seen(5_500, everybody)])).toEqual([]);
    expect(problemsOf(check, [...gone, seen(6_500, everybody)])).toHaveLength(1);
  });

  test('has to be right at once on a hub that started anew', () => {
    const restarted: readonly Line[] = [...everybodyConnects, { kind: 'down', atMs: 1_000 }, { kind: 'up', atMs: 1_100 }];
    expect(problemsOf(check, [...restarted, ...connect(4, 0), ...connect(5, 2), seen(1_500, withoutBob)])).toEqual([]);
    expect(problemsOf(check, [...restarted, ...connect(4, 0), ...connect(5, 2), seen(1_500, everybody)])).toHaveLength(1);
  });

  test('has more time on a hub that was stopped', () => {
    const stopped: readonly Line[] = [
      ...everybodyConnects,
      { ...close(1), atMs: 1_000 },
      { kind: 'stopped' },
      { kind: 'continued', atMs: 4_000 },
    ];
    expect(problemsOf(check, [...stopped, seen(8_000, everybody)])).toEqual([]);
    expect(problemsOf(check, [...stopped, seen(9_500, everybody)])).toHaveLength(1);
  });

  test('counts every connection of the user', () => {
    expect(problemsOf(check, [...everybodyConnects, ...connect(4, 1), { ...close(1), atMs: 1_000 }, seen(9_000, everybody)])).toEqual([]);
  });
});

describe('of who is here', () => {
  test('finds somebody who was shown as offline', () => {
    expect(problemsOf(check, [...everybodyConnects, seen(1_000, withoutBob), later(3_000)])).toEqual([
      'bob was shown as offline although it was connected',
    ]);
  });

  test('lets the client hear a moment later that its connection has ended', () => {
    expect(problemsOf(check, [...everybodyConnects, seen(1_000, withoutBob), { ...close(1), atMs: 1_200 }, later(3_000)])).toEqual([]);
  });

  test('says nothing of a connection that does not answer', () => {
    expect(problemsOf(check, [...everybodyConnects, { kind: 'unsure', connection: 1 }, seen(1_000, withoutBob), later(3_000)])).toEqual([]);
  });

  test('says nothing of an answer from before a restart', () => {
    const history: readonly Line[] = [...everybodyConnects, seen(1_000, withoutBob), { kind: 'down', atMs: 1_100 }, later(3_000)];
    expect(problemsOf(check, history).filter((problem) => problem.includes('offline although'))).toEqual([]);
  });
});

describe('in a cluster', () => {
  const inCluster = presence({ closedMs: 2_000, silentMs: 5_000, cluster: { shownMs: 1_000, deadMs: 8_000 } });
  const at = (node: number, atMs: number, online: number): Line => ({ kind: 'presence', askedAtMs: atMs, online, node, atMs });
  const up = (node: number, atMs: number): Line => ({ kind: 'up', node, atMs });
  /** Bob is at node 1, everybody else at node 0, and later everybody but bob is at node 2. */
  const begun: readonly Line[] = [
    ...[up(0, 0), up(1, 0), up(2, 0)],
    ...[0, 2, 3].flatMap((reader) => connect(reader, reader)),
    { kind: 'open', connection: 1, reader: 1, node: 1 },
    { kind: 'registered', connection: 1, queued: 0, missed: 0 },
  ];
  const kill = (node: number, atMs: number): Line => ({ kind: 'down', node, killed: true, atMs });

  test('others have time to find out that a node died, and no more', () => {
    expect(problemsOf(inCluster, [...begun, kill(1, 2_000), at(0, 9_900, everybody)])).toEqual([]);
    expect(problemsOf(inCluster, [...begun, kill(1, 2_000), at(0, 10_100, everybody)])).toHaveLength(1);
  });

  test('the time begins anew if nobody has watched the node all the while', () => {
    const history = [...begun, kill(1, 2_000), kill(2, 3_000), up(2, 4_000), { kind: 'stopped', node: 0, atMs: 5_000 }] as const;
    const continued: Line = { kind: 'continued', node: 0, atMs: 6_000 };
    expect(problemsOf(inCluster, [...history, continued, at(0, 11_500, everybody)])).toEqual([]);
    expect(problemsOf(inCluster, [...history, continued, at(0, 12_500, everybody)])).toHaveLength(1);
  });

  test('a node that was told to end says goodbye for its users', () => {
    const ended: readonly Line[] = [...begun, { kind: 'down', node: 1, killed: false, atMs: 2_000 }];
    expect(problemsOf(inCluster, [...ended, at(0, 3_900, everybody)])).toEqual([]);
    expect(problemsOf(inCluster, [...ended, at(0, 4_100, everybody)])).toHaveLength(1);
  });

  test('who is at another node may be shown a little later, and not at all while that node stands still', () => {
    expect(problemsOf(inCluster, [...begun, at(0, 900, withoutBob), at(0, 5_000, everybody)])).toEqual([]);
    expect(problemsOf(inCluster, [...begun, at(0, 1_200, withoutBob), at(0, 5_000, everybody)])).toHaveLength(1);
    const stopped: readonly Line[] = [...begun, { kind: 'stopped', node: 1, atMs: 1_000 }];
    expect(problemsOf(inCluster, [...stopped, at(0, 8_000, withoutBob), at(0, 12_000, withoutBob)])).toEqual([]);
  });

  test('a node that stood still knows nothing for a moment', () => {
    const stopped: readonly Line[] = [...begun, { kind: 'stopped', node: 0, atMs: 2_000 }, { kind: 'continued', node: 0, atMs: 5_000 }];
    expect(problemsOf(inCluster, [...stopped, at(0, 5_900, withoutBob), at(0, 9_000, everybody)])).toEqual([]);
    expect(problemsOf(inCluster, [...stopped, at(0, 6_100, withoutBob), at(0, 9_000, everybody)])).toHaveLength(1);
  });
});
