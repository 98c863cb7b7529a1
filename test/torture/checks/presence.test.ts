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
