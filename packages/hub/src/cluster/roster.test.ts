import { expect, test } from 'vitest';
import type { PresenceEntry } from '../ports/cluster.ts';
import type { LanePosition } from '../ports/shared-store.ts';
import { Roster } from './roster.ts';

const other = 2;

function setUp() {
  const told: string[] = [];
  const roster = new Roster({
    tell: ({ userId, connections, chosen }) => told.push(`${userId} ${connections} ${chosen}`),
    gone: (node) => told.push(`node ${node} gone`),
  });
  roster.add(other, 0);
  return { roster, told };
}

const entry = (connections: number): PresenceEntry => ({
  ...{ userId: 'ann', node: other, connections, isIdle: false, chosen: 'online', version: 0 },
});

const upTo = (position: number): readonly LanePosition[] => [{ node: other, lane: 1, position }];

test('what a node told later holds, however it comes', () => {
  const { roster, told } = setUp();
  roster.apply(entry(2), { position: 2, serial: 5 }, 0);
  roster.apply(entry(1), { position: 1, serial: 4 }, 0);
  roster.apply(entry(3), { position: 2, serial: 6 }, 0);
  expect(told).toEqual(['ann 2 online', 'ann 3 online']);
});

test('a frame that comes late while the sessions are being read does not stand for the lost one after it', () => {
  const { roster, told } = setUp();
  // Position 8, her departure, was lost; position 7 comes just now.
  roster.apply(entry(1), { position: 7, serial: 7 }, 0);
  roster.compare({ rows: [], states: new Map(), positions: upTo(8) }, 0);
  expect(told).toEqual(['ann 1 online', 'ann 0 online']);
});

test('what was told after the positions were read is newer than the sessions', () => {
  const { roster, told } = setUp();
  roster.apply(entry(1), { position: 9, serial: 7 }, 0);
  roster.compare({ rows: [], states: new Map(), positions: upTo(8) }, 0);
  expect(told).toEqual(['ann 1 online']);
});

test('a choice that was lost is found in the store', () => {
  const { roster, told } = setUp();
  roster.apply(entry(1), { position: 1, serial: 1 }, 0);
  const states = new Map([['ann', { userId: 'ann', state: 'dnd', statusText: undefined, lastSeenMs: 5, version: 3 } as const]]);
  roster.compare({ rows: [{ userId: 'ann', node: other, connections: 1 }], states, positions: upTo(2) }, 0);
  expect(told).toEqual(['ann 1 online', 'ann 1 dnd']);
});

test('a departure is remembered for a while, so that an older arrival changes nothing', () => {
  const { roster, told } = setUp();
  roster.apply(entry(0), { position: 2, serial: 2 }, 0);
  roster.sweep(10_000);
  roster.apply(entry(1), { position: 1, serial: 1 }, 10_000);
  expect(told).toEqual(['ann 0 online']);
});
