import { describe, expect, test } from 'vitest';
import { bob, close, connect, deliver, eve, everybodyConnects, everybodyJoins, lobby, ok, problemsOf, send } from './hand-made-history.ts';
import { streamOrder } from './stream-order.ts';

const toBob = [...everybodyConnects, send(0, bob), send(1, bob), send(2, bob), ok(0, 1), ok(1, 2), ok(2, 3)];

describe('of an inbox', () => {
  test('is content with 1, 2, 3', () => {
    expect(problemsOf(streamOrder, [...toBob, deliver(1, bob, 1, 0), deliver(1, bob, 2, 1), deliver(1, bob, 3, 2)])).toEqual([]);
  });

  test('finds a missing seq', () => {
    expect(problemsOf(streamOrder, [...toBob, deliver(1, bob, 1, 0), deliver(1, bob, 3, 2)])).toEqual([
      'seq 1 was followed by seq 3: seq 2 is missing',
    ]);
  });

  test('finds a missing start', () => {
    expect(problemsOf(streamOrder, [...toBob, deliver(1, bob, 2, 1)])).toEqual(['seq 0 was followed by seq 2: seq 1 is missing']);
  });

  test('finds an inversion', () => {
    const history = [...toBob, deliver(1, bob, 1, 0), deliver(1, bob, 2, 1), deliver(1, bob, 1, 0)];
    expect(problemsOf(streamOrder, history)).toEqual(['seq 1 came after seq 2']);
  });

  test('finds a doubled delivery on one connection', () => {
    expect(problemsOf(streamOrder, [...toBob, deliver(1, bob, 1, 0), deliver(1, bob, 1, 0)])).toEqual([
      'seq 1 came twice on one connection',
    ]);
  });

  test('finds a gap that nobody can explain', () => {
    const history = [...everybodyConnects, send(0, bob), send(1, bob), ok(1, 2), deliver(1, bob, 2, 1)];
    expect(problemsOf(streamOrder, history)).toEqual(['seq 0 was followed by 2, and nobody got what is between']);
  });

  test('lets a new connection start again at what was not acknowledged, and finds one that starts too late', () => {
    const first = [...toBob, deliver(1, bob, 1, 0), deliver(1, bob, 2, 1), close(1), ...connect(4, 1)];
    expect(problemsOf(streamOrder, [...first, deliver(4, bob, 1, 0), deliver(4, bob, 2, 1), deliver(4, bob, 3, 2)])).toEqual([]);
    expect(problemsOf(streamOrder, [...first, deliver(4, bob, 3, 2)])).toEqual([]);
    const late = [...toBob, deliver(1, bob, 1, 0), close(1), ...connect(4, 1), deliver(4, bob, 3, 2)];
    expect(problemsOf(streamOrder, late)).toEqual(['seq 1 was followed by seq 3: seq 2 is missing']);
  });

  test('lets a new device start where its user stands', () => {
    const history = [...everybodyConnects, send(0, eve), send(1, eve), ok(0, 1), ok(1, 2), deliver(2, eve, 1, 0), deliver(3, eve, 2, 1)];
    expect(problemsOf(streamOrder, history)).toEqual([]);
  });
});

describe('of a room', () => {
  const inLobby = [...everybodyConnects, ...everybodyJoins()];

  test('lets own messages without echo be missing, also when their seq is heard of later', () => {
    const history = [
      ...inLobby,
      send(0, lobby, { echo: false }),
      send(1, lobby, { connection: 1 }),
      deliver(0, lobby, 2, 1),
      deliver(1, lobby, 1, 0),
    ];
    expect(problemsOf(streamOrder, history)).toEqual([]);
  });

  test("finds another's message that is missing", () => {
    const history = [...inLobby, ...[0, 1, 2].flatMap((message) => [send(message, lobby), ok(message, message + 1)])];
    expect(problemsOf(streamOrder, [...history, deliver(1, lobby, 1, 0), deliver(1, lobby, 3, 2)])).toEqual([
      'seq 1 was followed by seq 3: seq 2 is missing',
    ]);
  });

  test('lets what passed between leaving and joining be missing', () => {
    const history = [
      ...inLobby,
      ...[send(0, lobby), ok(0, 1), deliver(1, lobby, 1, 0)],
      { kind: 'leave', connection: 1, stream: lobby },
      { kind: 'left', connection: 1, stream: lobby },
      ...[send(1, lobby), ok(1, 2)],
      { kind: 'join', connection: 1, stream: lobby },
      { kind: 'joined', connection: 1, stream: lobby },
      ...[send(2, lobby), ok(2, 3), deliver(1, lobby, 3, 2)],
    ] as const;
    expect(problemsOf(streamOrder, history)).toEqual([]);
  });
});
