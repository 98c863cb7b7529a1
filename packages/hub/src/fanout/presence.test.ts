import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Now } from '../lib/clock.ts';
import { aloneCluster, type Cluster } from '../ports/cluster.ts';
import type { PresenceView } from '../ports/presence.ts';
import { seenAt } from '../ports/store.ts';
import { Presence } from './presence.ts';

const at = (ms: number): Now => ({ wallMs: 1_000_000 + ms, monotonicMs: ms });
const idleTimeoutMs = 100;

const presenceOf = (onChange: (view: PresenceView) => unknown, cluster: Pick<Cluster, 'node' | 'signal'> = aloneCluster): Presence =>
  new Presence({ idleTimeoutMs, cluster, onChange });

function setUp() {
  const told: string[] = [];
  const presence = presenceOf(({ userId, state }) => told.push(`${userId} ${state}`));
  return { presence, told };
}

describe('who has several connections', () => {
  test('is told as online with the first and offline with the last, and nothing in between', () => {
    const { presence, told } = setUp();
    presence.arrive('ann', undefined, undefined, at(0));
    presence.arrive('ann', undefined, undefined, at(1));
    expect(presence.depart('ann', at(2))).toBeUndefined();
    expect(presence.view('ann')).toMatchObject({ state: 'online', connections: 1 });
    expect(presence.depart('ann', at(3))).toMatchObject({ state: 'online', lastSeenMs: at(3).wallMs });
    expect(told).toEqual(['ann online', 'ann offline']);
  });
});

describe('who does nothing', () => {
  test('is away after the idle time, and back with the next action', () => {
    const { presence, told } = setUp();
    presence.arrive('ann', undefined, undefined, at(0));
    presence.sweep(99);
    expect(told).toEqual(['ann online']);
    presence.sweep(100);
    presence.sweep(150);
    presence.active('ann', at(200));
    expect(told).toEqual(['ann online', 'ann away', 'ann online']);
  });

  test('keeps a state that was chosen', () => {
    const { presence, told } = setUp();
    presence.arrive('ann', undefined, undefined, at(0));
    presence.choose('ann', 'dnd', undefined, at(0));
    presence.sweep(500);
    expect(told).toEqual(['ann online', 'ann dnd']);
  });
});

describe('who is invisible', () => {
  test('looks offline, and nobody is told of anything', () => {
    const { presence, told } = setUp();
    presence.arrive('ann', { userId: 'ann', state: 'invisible', statusText: 'secret', lastSeenMs: 7 }, undefined, at(0));
    presence.active('ann', at(1));
    expect(presence.view('ann')).toEqual({ userId: 'ann', state: 'offline', statusText: undefined, lastSeenMs: 7, connections: 0 });
    expect([...presence.online()]).toEqual([]);
    expect(presence.depart('ann', at(5))).toMatchObject({ state: 'invisible', lastSeenMs: 7 });
    expect(told).toEqual([]);
  });

  test('from its first moment on, is never seen, not even by those who watch (invisible at register)', () => {
    const { presence, told } = setUp();
    expect(presence.arrive('ann', { userId: 'ann', state: 'online', statusText: undefined, lastSeenMs: 7 }, 'invisible', at(0))).toEqual({
      ...{ userId: 'ann', state: 'invisible', statusText: undefined, lastSeenMs: 7, version: at(0).wallMs },
    });
    expect(presence.view('ann')).toMatchObject({ state: 'offline', connections: 0 });
    presence.arrive('ann', undefined, undefined, at(1));
    expect(told).toEqual([]);
    presence.arrive('ann', undefined, 'dnd', at(2));
    expect(told).toEqual(['ann dnd']);
  });

  test('was last seen when it went out of sight', () => {
    const { presence, told } = setUp();
    presence.arrive('ann', undefined, undefined, at(0));
    presence.choose('ann', 'invisible', undefined, at(50));
    presence.active('ann', at(90));
    expect(presence.view('ann')).toMatchObject({ state: 'offline', lastSeenMs: at(50).wallMs });
    expect(presence.depart('ann', at(99))).toMatchObject({ state: 'invisible', lastSeenMs: at(50).wallMs });
    expect(told).toEqual(['ann online', 'ann offline']);
  });

  test('was last seen when another connection took it out of sight', () => {
    const { presence } = setUp();
    presence.arrive('ann', undefined, undefined, at(0));
    presence.arrive('ann', undefined, 'invisible', at(60));
    presence.active('ann', at(90));
    expect(presence.view('ann')).toMatchObject({ state: 'offline', lastSeenMs: at(60).wallMs });
  });

  test('was never seen if it never was visible (a first visit told the time of it)', () => {
    const { presence } = setUp();
    const stored = presence.arrive('ann', undefined, 'invisible', at(0));
    expect(presence.view('ann').lastSeenMs).toBeUndefined();
    expect(seenAt(stored)).toBeUndefined();
    expect(seenAt(presence.depart('ann', at(5)))).toBeUndefined();
    presence.arrive('ann', stored, undefined, at(9));
    expect(presence.view('ann').lastSeenMs).toBeUndefined();
  });
});

test('a state that was chosen earlier is there again at the next arrival, with its text', () => {
  const { presence } = setUp();
  presence.arrive('ann', { userId: 'ann', state: 'dnd', statusText: 'in a meeting', lastSeenMs: 1 }, undefined, at(0));
  expect(presence.view('ann')).toMatchObject({ state: 'dnd', statusText: 'in a meeting' });
});

test('a status text alone is a change', () => {
  const { presence, told } = setUp();
  presence.arrive('ann', undefined, undefined, at(0));
  presence.choose('ann', 'online', 'lunch', at(1));
  presence.choose('ann', 'online', 'lunch', at(2));
  expect(told).toEqual(['ann online', 'ann online']);
});

test('what a watcher is told adds up to what there is, whatever users do', () => {
  const step = fc.record({
    action: fc.constantFrom('arrive', 'depart', 'dnd', 'invisible', 'online', 'active', 'sweep'),
    userId: fc.constantFrom('ann', 'bob'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const believed = new Map<string, PresenceView['state']>();
      const connections = new Map([
        ['ann', 0],
        ['bob', 0],
      ]);
      const presence = presenceOf(({ userId, state }) => believed.set(userId, state));
      let ms = 0;
      for (const { action, userId } of steps) {
        ms += 40;
        const count = connections.get(userId) ?? 0;
        if (action === 'arrive') {
          presence.arrive(userId, undefined, undefined, at(ms));
          connections.set(userId, count + 1);
        } else if (action === 'depart') {
          presence.depart(userId, at(ms));
          connections.set(userId, Math.max(0, count - 1));
        } else if (action === 'active') presence.active(userId, at(ms));
        else if (action === 'sweep') presence.sweep(ms);
        else if (action === 'dnd' || action === 'invisible' || action === 'online') presence.choose(userId, action, undefined, at(ms));
        for (const [id, open] of connections) {
          expect(presence.chosen(id) !== undefined).toBe(open > 0);
          expect(presence.view(id).state).toBe(believed.get(id) ?? 'offline');
        }
      }
    }),
  );
});
