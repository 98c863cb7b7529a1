import { describe, expect, test } from 'vitest';
import { acknowledgedIsDelivered } from './acknowledged-is-delivered.ts';
import { bob, connect, deliver, eve, everybodyConnects, everybodyJoins, lobby, ok, problemsOf, send } from './hand-made-history.ts';

test('finds an acknowledged message that its recipient never got', () => {
  const history = [...everybodyConnects, send(0, bob), ok(0, 1)];
  expect(problemsOf(acknowledgedIsDelivered, history)).toEqual(['message 0, acknowledged with seq 1, never reached bob']);
  expect(problemsOf(acknowledgedIsDelivered, [...history, deliver(1, bob, 1, 0)])).toEqual([]);
});

test('asks nothing of a message that was refused or has no known outcome', () => {
  const history = [
    ...everybodyConnects,
    send(0, bob),
    { kind: 'unknown', connection: 0, message: 0 },
    send(1, bob),
    { kind: 'refused', connection: 0, message: 1, code: 'queue_full' },
  ] as const;
  expect(problemsOf(acknowledgedIsDelivered, history)).toEqual([]);
});

describe('for several devices', () => {
  test('finds a device that the hub knew and that got nothing', () => {
    const history = [...everybodyConnects, send(0, eve), ok(0, 1), deliver(2, eve, 1, 0)];
    expect(problemsOf(acknowledgedIsDelivered, history)).toEqual([
      'message 0, acknowledged with seq 1, never reached the device tablet of eve',
    ]);
  });

  test('asks nothing of a device that came later', () => {
    const history = [
      { kind: 'up' },
      ...connect(0, 0),
      ...connect(1, 2),
      send(0, eve),
      ok(0, 1),
      deliver(1, eve, 1, 0),
      ...connect(2, 3),
    ] as const;
    expect(problemsOf(acknowledgedIsDelivered, history)).toEqual([]);
  });
});

describe('in a room', () => {
  const sent = [...everybodyConnects, ...everybodyJoins(), send(0, lobby, { echo: false }), ok(0, 1)];

  test('finds each member who got nothing, and asks no echo for the sender', () => {
    expect(problemsOf(acknowledgedIsDelivered, [...sent, deliver(2, lobby, 1, 0), deliver(3, lobby, 1, 0)])).toEqual([
      'message 0, acknowledged with seq 1, never reached bob',
    ]);
  });

  test('asks nothing for who has left', () => {
    const history = [...sent, deliver(2, lobby, 1, 0), deliver(3, lobby, 1, 0), { kind: 'leave', connection: 1, stream: lobby }] as const;
    expect(problemsOf(acknowledgedIsDelivered, history)).toEqual([]);
  });
});
