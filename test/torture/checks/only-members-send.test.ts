import { expect, test } from 'vitest';
import { everybodyConnects, everybodyJoins, lobby, ok, problemsOf, send } from './hand-made-history.ts';
import { onlyMembersSend } from './only-members-send.ts';

const annLeaves = [
  { kind: 'leave', connection: 0, stream: lobby },
  { kind: 'left', connection: 0, stream: lobby },
] as const;

test('finds a message of somebody who never joined', () => {
  expect(problemsOf(onlyMembersSend, [...everybodyConnects, send(0, lobby), ok(0, 1)])).toEqual([
    'ann was no member, and its message 0 was taken',
  ]);
});

test('finds a message that was sent after the leave, and lets one pass that was sent before it', () => {
  const joined = [...everybodyConnects, ...everybodyJoins()];
  expect(problemsOf(onlyMembersSend, [...joined, ...annLeaves, send(0, lobby), ok(0, 1)])).toHaveLength(1);
  expect(problemsOf(onlyMembersSend, [...joined, send(0, lobby), ...annLeaves, ok(0, 1)])).toEqual([]);
});
