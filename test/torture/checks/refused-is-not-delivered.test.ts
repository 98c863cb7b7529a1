import { expect, test } from 'vitest';
import { bob, deliver, everybodyConnects, problemsOf, send } from './hand-made-history.ts';
import { refusedIsNotDelivered } from './refused-is-not-delivered.ts';

const refused = { kind: 'refused', connection: 0, message: 0, code: 'queue_full' } as const;
const sent = [...everybodyConnects, send(0, bob, { named: true })];

test('is content with a refusal that stays one', () => {
  expect(problemsOf(refusedIsNotDelivered, [...sent, refused])).toEqual([]);
});

test('finds a delivery after the refusal, and before it', () => {
  expect(problemsOf(refusedIsNotDelivered, [...sent, refused, deliver(1, bob, 1, 0)])).toEqual(['message 0 was refused, and delivered']);
  expect(problemsOf(refusedIsNotDelivered, [...sent, deliver(1, bob, 1, 0), refused])).toEqual(['message 0 was delivered, and refused']);
});

test('lets a message be delivered of which one attempt has no known outcome', () => {
  const history = [
    ...sent,
    { kind: 'unknown', connection: 0, message: 0 },
    { kind: 'retry', connection: 0, message: 0 },
    refused,
    deliver(1, bob, 1, 0),
  ] as const;
  expect(problemsOf(refusedIsNotDelivered, history)).toEqual([]);
});

test('finds a refusal that an honest client must not get', () => {
  expect(problemsOf(refusedIsNotDelivered, [...sent, { ...refused, code: 'internal_error' }])).toEqual([
    'message 0 was refused with internal_error',
  ]);
});
