import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Now } from '../lib/clock.ts';
import { aloneCluster, type Cluster, type PresenceEntry } from '../ports/cluster.ts';
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

describe('a user on several nodes', () => {
  /** Three nodes that hear of each other as soon as something happens. */
  function nodes() {
    const told: string[][] = [[], [], []];
    const all = told.map((ofNode, index) =>
      presenceOf(({ userId, state }) => ofNode.push(`${userId} ${state}`), {
        node: index + 1,
        signal: (event) => event.kind === 'presence' && spread(event.entry),
      }),
    );
    const spread = (entry: PresenceEntry): void => {
      for (const [index, other] of all.entries()) if (index + 1 !== entry.node) other.heard(entry);
    };
    const [one, two, three] = all;
    if (one === undefined || two === undefined || three === undefined) throw new Error('three nodes are needed');
    const tell = (presence: Presence, userId = 'ann'): void => spread(presence.entryOf(userId));
    return { one, two, three, told, tell };
  }

  test('is online with the first connection anywhere, offline with the last, and nothing is told in between', () => {
    const { one, two, three, told, tell } = nodes();
    for (const node of [one, two]) {
      node.arrive('ann', undefined, undefined, at(0));
      tell(node);
    }
    expect(three.view('ann')).toMatchObject({ state: 'online', connections: 2 });
    one.depart('ann', at(10));
    tell(one);
    two.depart('ann', at(20));
    tell(two);
    expect(told).toEqual([
      ['ann online', 'ann offline'],
      ['ann online', 'ann offline'],
      ['ann online', 'ann offline'],
    ]);
    expect([...one.users(), ...three.users()]).toEqual([]);
  });

  test('is away only if it is idle on all of them', () => {
    const { one, two, three, tell } = nodes();
    one.arrive('ann', undefined, undefined, at(0));
    two.arrive('ann', undefined, undefined, at(50));
    tell(one);
    tell(two);
    one.sweep(100);
    expect([one, two, three].map((node) => node.view('ann').state)).toEqual(['online', 'online', 'online']);
    two.sweep(150);
    expect([one, two, three].map((node) => node.view('ann').state)).toEqual(['away', 'away', 'away']);
    one.active('ann', at(160));
    expect([one, two, three].map((node) => node.view('ann').state)).toEqual(['online', 'online', 'online']);
  });

  test('is what it chose last, also where the clock is behind', () => {
    const { one, two, three, tell } = nodes();
    one.arrive('ann', undefined, undefined, at(0));
    tell(one);
    two.arrive('ann', undefined, undefined, at(0));
    tell(two);
    one.choose('ann', 'dnd', undefined, at(5000));
    tell(one);
    two.choose('ann', 'away', 'lunch', at(10));
    tell(two);
    tell(one);
    for (const node of [one, two, three]) expect(node.view('ann')).toMatchObject({ state: 'away', statusText: 'lunch' });
  });

  test('is not what an older entry says that comes late', () => {
    const { one, two, three, tell } = nodes();
    for (const node of [one, two]) node.arrive('ann', undefined, undefined, at(0));
    one.choose('ann', 'dnd', undefined, at(10));
    const older = one.entryOf('ann');
    two.choose('ann', 'away', undefined, at(20));
    tell(two);
    three.heard(older);
    expect(three.view('ann').state).toBe('away');
  });

  test('is the same on all nodes if two choices are made at once', () => {
    const { one, two, three, tell } = nodes();
    for (const node of [one, two]) node.arrive('ann', undefined, undefined, at(0));
    one.choose('ann', 'dnd', undefined, at(10));
    two.choose('ann', 'away', undefined, at(10));
    tell(two);
    tell(one);
    expect([one, two, three].map((node) => node.chosen('ann'))).toEqual(['away', 'away', 'away']);
  });

  test('is gone with its node, and was last seen when that ended', () => {
    const { one, two, told, tell } = nodes();
    two.arrive('ann', undefined, undefined, at(0));
    tell(two);
    one.nodeGone(3, at(60).wallMs);
    expect(one.view('ann').state).toBe('online');
    one.nodeGone(2, at(70).wallMs);
    expect(one.view('ann')).toMatchObject({ state: 'offline', connections: 0 });
    expect(told[0]).toEqual(['ann online', 'ann offline']);
  });

  test('that is invisible on one node is seen on none', () => {
    const { one, two, told, tell } = nodes();
    two.arrive('ann', undefined, 'invisible', at(0));
    tell(two);
    one.arrive('ann', { userId: 'ann', state: 'online', statusText: undefined, lastSeenMs: 1, version: 3 }, undefined, at(1));
    tell(one);
    expect(told.flat()).toEqual([]);
    expect(one.isVisible('ann')).toBe(false);
  });

  test('looks the same from all nodes in the end, whatever happened and in whatever order it was heard', () => {
    const step = fc.record({
      node: fc.nat(2),
      action: fc.constantFrom('arrive', 'depart', 'dnd', 'invisible', 'online', 'active', 'tell'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { one, two, three, tell } = nodes();
        const all = [one, two, three];
        let ms = 0;
        for (const { node, action } of steps) {
          const presence = all[node] ?? one;
          ms += 7;
          if (action === 'arrive') presence.arrive('ann', undefined, undefined, at(ms));
          else if (action === 'depart') presence.depart('ann', at(ms));
          else if (action === 'active') presence.active('ann', at(ms));
          else if (action === 'tell') tell(presence);
          else if (presence.entryOf('ann').connections > 0) presence.choose('ann', action, undefined, at(ms));
        }
        for (const presence of [...all, ...all]) tell(presence);
        const views = all.map((presence) => ({ ...presence.view('ann'), lastSeenMs: 0 }));
        expect(views[1]).toEqual(views[0]);
        expect(views[2]).toEqual(views[0]);
      }),
    );
  });
});
