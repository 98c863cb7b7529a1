import { expect, test } from 'vitest';
import { exactlyOnce } from './exactly-once.ts';
import { close, connect, deliver, eve, everybodyConnects, problemsOf, send } from './hand-made-history.ts';

const handled = [...everybodyConnects, send(0, eve), deliver(3, eve, 1, 0), close(3), ...connect(4, 3)];

test('is content when a redelivery has the same seq', () => {
  expect(problemsOf(exactlyOnce, [...handled, deliver(4, eve, 1, 0, { redelivered: true })])).toEqual([]);
});

test('finds a message that comes again with another seq', () => {
  expect(problemsOf(exactlyOnce, [...handled, deliver(4, eve, 2, 0)])).toEqual(['message 0 was handled twice']);
});

test('leaves devices alone that do not acknowledge by themselves', () => {
  expect(problemsOf(exactlyOnce, [...handled, deliver(2, eve, 1, 0), deliver(2, eve, 2, 0)])).toEqual([]);
});
