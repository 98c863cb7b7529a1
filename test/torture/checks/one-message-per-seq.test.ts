import { expect, test } from 'vitest';
import { bob, deliver, everybodyConnects, ok, problemsOf, send } from './hand-made-history.ts';
import { oneMessagePerSeq } from './one-message-per-seq.ts';

const twoSends = [...everybodyConnects, send(0, bob), send(1, bob)];

test('is content when each seq has one message and one id', () => {
  const history = [...twoSends, ok(0, 1), ok(1, 2), deliver(1, bob, 1, 0), deliver(1, bob, 2, 1)];
  expect(problemsOf(oneMessagePerSeq, history)).toEqual([]);
});

test('finds a seq that was acknowledged for two messages', () => {
  expect(problemsOf(oneMessagePerSeq, [...twoSends, ok(0, 1), ok(1, 1)])).toEqual(['seq 1 holds message 0 and message 1']);
});

test('finds a delivery that contradicts an acknowledgement', () => {
  expect(problemsOf(oneMessagePerSeq, [...twoSends, ok(0, 1), deliver(1, bob, 1, 1)])).toEqual(['seq 1 holds message 0 and message 1']);
});

test('finds a delivery with another id', () => {
  expect(problemsOf(oneMessagePerSeq, [...twoSends, ok(0, 1), deliver(1, bob, 1, 0, { id: 7 })])).toEqual([
    'seq 1 came with id 100 and with id 7',
  ]);
});
