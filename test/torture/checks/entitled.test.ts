import { describe, expect, test } from 'vitest';
import { entitled, entitledInCluster } from './entitled.ts';
import { bob, connect, deliver, everybodyConnects, everybodyJoins, lobby, ok, problemsOf, send } from './hand-made-history.ts';

test("finds a message to another's inbox", () => {
  const history = [...everybodyConnects, send(0, bob)];
  expect(problemsOf(entitled, [...history, deliver(1, bob, 1, 0)])).toEqual([]);
  expect(problemsOf(entitled, [...history, deliver(2, bob, 1, 0)])).toEqual(['eve got a message to bob']);
});

test('finds a message in a stream that it was not sent to', () => {
  expect(problemsOf(entitled, [...everybodyConnects, send(0, lobby), deliver(1, bob, 1, 0)])).toEqual([
    'message 0 was sent to another stream',
  ]);
});

test('finds an own message that was sent without echo', () => {
  const history = [...everybodyConnects, ...everybodyJoins(), send(0, lobby, { echo: false })];
  expect(problemsOf(entitled, [...history, deliver(1, lobby, 1, 0)])).toEqual([]);
  expect(problemsOf(entitled, [...history, deliver(0, lobby, 1, 0)])).toEqual(['ann got its own message 0, sent without echo']);
});

describe('in a room', () => {
  const annIsIn = [
    ...everybodyConnects,
    { kind: 'join', connection: 0, stream: lobby },
    { kind: 'joined', connection: 0, stream: lobby },
  ] as const;
  const bobComes = [
    { kind: 'join', connection: 1, stream: lobby },
    { kind: 'joined', connection: 1, stream: lobby },
  ] as const;
  const bobGoes = [
    { kind: 'leave', connection: 1, stream: lobby },
    { kind: 'left', connection: 1, stream: lobby },
  ] as const;

  test('finds a stranger', () => {
    expect(problemsOf(entitled, [...annIsIn, send(0, lobby), deliver(1, lobby, 1, 0)])).toEqual(['bob never joined the room']);
  });

  test('finds what was there before the join', () => {
    const history = [...annIsIn, send(0, lobby), ok(0, 1), ...bobComes, send(1, lobby), ok(1, 2)];
    expect(problemsOf(entitled, [...history, deliver(1, lobby, 2, 1)])).toEqual([]);
    expect(problemsOf(entitled, [...history, deliver(1, lobby, 1, 0)])).toEqual(['bob was not a member when seq 1 was sent']);
  });

  test('finds what came after the leave, on another connection too', () => {
    const history = [...annIsIn, ...bobComes, ...connect(4, 1), ...bobGoes, send(0, lobby), ok(0, 1)];
    expect(problemsOf(entitled, [...history, deliver(4, lobby, 1, 0)])).toEqual(['bob was not a member when seq 1 was sent']);
    expect(problemsOf(entitled, [...history, deliver(1, lobby, 1, 0)])).toEqual([
      'seq 1 came on the connection that was told that the room was left',
    ]);
  });

  test('lets what was on its way to another connection arrive after the leave', () => {
    const history = [...annIsIn, ...bobComes, ...connect(4, 1), send(0, lobby), ...bobGoes, deliver(4, lobby, 1, 0)];
    expect(problemsOf(entitled, history)).toEqual([]);
  });

  test('in a cluster, lets what was on its way arrive on the connection that left, and nothing that was sent later', () => {
    const together = [...annIsIn, ...bobComes];
    expect(problemsOf(entitledInCluster, [...together, send(0, lobby), ...bobGoes, deliver(1, lobby, 1, 0)])).toEqual([]);
    expect(problemsOf(entitledInCluster, [...together, ...bobGoes, send(0, lobby), deliver(1, lobby, 1, 0)])).toEqual([
      'bob was not a member when seq 1 was sent',
    ]);
  });

  test('takes either outcome of a leave that was not answered', () => {
    const history = [...annIsIn, ...bobComes, bobGoes[0], send(0, lobby), deliver(1, lobby, 1, 0)];
    expect(problemsOf(entitled, history)).toEqual([]);
  });
});
