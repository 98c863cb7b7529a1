import { expect, test } from 'vitest';
import { bob, deliver, everybodyConnects, ok, problemsOf, send } from './hand-made-history.ts';
import { sentOnce } from './sent-once.ts';

const repeated = [...everybodyConnects, send(0, bob, { named: true }), { kind: 'retry', connection: 0, message: 0 }] as const;

test('is content when a repetition is answered with the first result', () => {
  expect(problemsOf(sentOnce, [...repeated, ok(0, 1), ok(0, 1, { duplicate: true }), deliver(1, bob, 1, 0)])).toEqual([]);
});

test('is content when only the repetition was heard of', () => {
  expect(problemsOf(sentOnce, [...repeated, { kind: 'unknown', connection: 0, message: 0 }, ok(0, 1, { duplicate: true })])).toEqual([]);
});

test('finds a repetition that was stored again', () => {
  expect(problemsOf(sentOnce, [...repeated, ok(0, 1), ok(0, 2, { duplicate: true })])).toEqual(['message 0 has seq 1 and seq 2']);
  expect(problemsOf(sentOnce, [...repeated, ok(0, 1), deliver(1, bob, 1, 0), deliver(1, bob, 2, 0)])).toEqual([
    'message 0 has seq 1 and seq 2',
  ]);
});

test('finds a repetition that was called new', () => {
  expect(problemsOf(sentOnce, [...repeated, ok(0, 1), ok(0, 1)])).toEqual(['message 0 was acknowledged twice as new']);
});

test('finds a single send that was called a duplicate', () => {
  expect(problemsOf(sentOnce, [...everybodyConnects, send(0, bob, { named: true }), ok(0, 1, { duplicate: true })])).toEqual([
    'message 0 was sent once and called a duplicate',
  ]);
});
