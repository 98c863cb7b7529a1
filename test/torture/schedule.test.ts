import { expect, test } from 'vitest';
import { makePlan } from './plan.ts';
import { makeSchedule } from './schedule.ts';
import { seeded } from './seeded.ts';

const scheduleOf = (seed: number) =>
  makeSchedule(seeded(seed, 'schedule'), makePlan(seeded(seed, 'plan')), { durationMs: 40_000, kills: 12 });

test('a seed gives the same schedule every time, and another seed another one', () => {
  expect(scheduleOf(7)).toEqual(scheduleOf(7));
  expect(scheduleOf(7)).not.toEqual(scheduleOf(8));
});

test('has the kills that were asked for, in order and in time', () => {
  const steps = scheduleOf(7);
  expect(steps.filter((step) => step.fault.kind === 'kill')).toHaveLength(12);
  expect(steps.map((step) => step.atMs)).toEqual(steps.map((step) => step.atMs).sort((a, b) => a - b));
  expect(steps.every((step) => step.atMs >= 0 && step.atMs < 40_000)).toBe(true);
});

test('meets every kind of fault', () => {
  const kinds = new Set(scheduleOf(7).map(({ fault }) => (fault.kind === 'disturb' ? fault.disturbance.kind : fault.kind)));
  expect([...kinds].sort()).toEqual(['drop', 'goodbye', 'hang', 'kill', 'pause', 'stop', 'terminate', 'upgrade']);
});
