import { expect, test } from 'vitest';
import { makeClusterSchedule } from './cluster-schedule.ts';
import { makePlan } from './plan.ts';
import { seeded } from './seeded.ts';

const scheduleOf = (seed: number, faults = 16, hasBusServer = true) =>
  makeClusterSchedule(seeded(seed, 'schedule'), makePlan(seeded(seed, 'plan'), true), {
    ...{ durationMs: 40_000, faults, nodes: 3, hasBusServer },
  });
const faultsOf = (...args: Parameters<typeof scheduleOf>) =>
  scheduleOf(...args)
    .map(({ fault }) => fault)
    .filter(({ kind }) => kind !== 'disturb');

test('a seed gives the same schedule every time, and another seed another one', () => {
  expect(scheduleOf(7)).toEqual(scheduleOf(7));
  expect(scheduleOf(7)).not.toEqual(scheduleOf(8));
});

test('has as many faults as were asked for, of every kind', () => {
  const faults = faultsOf(7);
  expect(faults).toHaveLength(16);
  const kinds = ['freezeBus', 'freezeStore', 'kill', 'killBus', 'restartStore', 'roll', 'sever', 'stop', 'terminate'];
  expect([...new Set(faults.map(({ kind }) => kind))].sort()).toEqual(kinds);
  expect(faults.flatMap((fault) => (fault.kind === 'stop' ? [fault.forMs] : [])).sort()).toEqual([12_000, 3_000]);
});

test('leaves a bus alone that is PostgreSQL itself', () => {
  expect(faultsOf(7, 40, false).some(({ kind }) => kind.endsWith('Bus'))).toBe(false);
});
