import { expect, test } from 'vitest';
import { bob, deliver, everybodyConnects, ok, problemsOf, send } from './hand-made-history.ts';
import { senderOrder } from './sender-order.ts';

test('is content when what was sent later comes later', () => {
  const history = [...everybodyConnects, send(0, bob), ok(0, 1), send(1, bob), send(2, bob), ok(1, 2), ok(2, 3)];
  expect(problemsOf(senderOrder, history)).toEqual([]);
});

test('finds a message that comes before one that was acknowledged earlier', () => {
  const history = [...everybodyConnects, send(0, bob), ok(0, 5), send(1, bob)];
  expect(problemsOf(senderOrder, [...history, deliver(1, bob, 4, 1)])).toEqual([
    'message 1 got seq 4, though seq 5 had been acknowledged before it was sent',
  ]);
});

test('finds two messages of one connection that changed places', () => {
  const history = [...everybodyConnects, send(0, bob), send(1, bob), ok(0, 2), ok(1, 1)];
  expect(problemsOf(senderOrder, history)).toEqual(['messages 0 and 1 were stored in another order than they were sent']);
});

test('asks no order of a message that was repeated', () => {
  const history = [
    ...everybodyConnects,
    send(0, bob, { named: true }),
    send(1, bob),
    ok(1, 1),
    { kind: 'retry', connection: 0, message: 0 },
    ok(0, 2),
  ] as const;
  expect(problemsOf(senderOrder, history)).toEqual([]);
});
