import fc from 'fast-check';
import { expect, test } from 'vitest';
import { timelineOf } from '../ports/store.ts';
import { direct, makeWorld, toRoom, type World, type WorldNode } from './world.test-support.ts';

/** A small generator of numbers, so that a run can be repeated. */
function fractions(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const users = ['ann', 'bob', 'cat', 'dan'];
const rooms = ['lobby', 'attic'];
const states = ['online', 'away', 'dnd'] as const;

/** Something happens on a node; what the store refuses does not matter here. */
async function act(node: WorldNode, fraction: () => number): Promise<void> {
  const pick = <T>(items: readonly [T, ...T[]]): T => items[Math.floor(fraction() * items.length)] ?? items[0];
  const { stages } = node;
  const user = pick(users as [string, ...string[]]);
  const room = pick(rooms as [string, ...string[]]);
  const acts = [
    () => node.append(direct(user)),
    () => node.append(direct(user)),
    () => node.append(toRoom(room)),
    () => node.append(toRoom(room, `"${'x'.repeat(5_000)}"`)),
    () => stages.open(user),
    () => stages.close(user),
    () => stages.choose(user, pick(states)),
    () => stages.join(room, user),
    () => stages.leave(room, user),
  ] as const;
  await pick(acts)().catch(() => {});
}

async function live(world: World, nodes: readonly WorldNode[], fraction: () => number, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    const node = nodes[Math.floor(fraction() * nodes.length)];
    if (node !== undefined) await act(node, fraction);
    if (fraction() < 0.02) world.bus.setDown(fraction() < 0.5);
    if (fraction() < 0.5) await world.after(Math.ceil(fraction() * 100));
  }
}

/** What is true of every node at rest. */
function judge(world: World, nodes: readonly WorldNode[]): void {
  const { memory, sessions } = world.shared.state;
  for (const { stages, cluster } of nodes) {
    for (const [stream, { heard, head }] of stages.streams) {
      const stored = (memory.streams.get(stream)?.messages ?? []).map(({ seq }) => seq);
      expect({ stream, head }).toEqual({ stream, head: memory.streams.get(stream)?.head ?? 0 });
      expect(heard).toEqual(stored.filter((seq) => seq > head - heard.length));
    }
    for (const userId of stages.localUsers()) {
      const right = memory.memberships.filter((member) => member.userId === userId).map(({ roomId }) => roomId);
      expect([...stages.roomsOf(userId)].sort()).toEqual(right.sort());
      for (const roomId of right) expect(stages.streams.has(timelineOf(roomId))).toBe(true);
    }
    for (const userId of users) {
      const others = Map.groupBy(
        sessions.filter((session) => session.userId === userId && session.node !== cluster.node),
        ({ node }) => node,
      );
      const known = stages.others.get(userId) ?? new Map();
      expect(new Map([...known].map(([node, { connections }]) => [node, connections]))).toEqual(
        new Map([...others].map(([node, { length }]) => [node, length])),
      );
      const chosen = memory.states.get(userId);
      const isOnline = known.size > 0 || stages.users.has(userId);
      if (isOnline && chosen !== undefined) expect(stages.chosen.get(userId)).toMatchObject({ chosen: chosen.state });
    }
  }
}

const weathers = fc.record({
  lost: fc.constantFrom(0, 0.05, 0.3, 1),
  doubled: fc.constantFrom(0, 0.2),
  delayMsMax: fc.constantFrom(0, 30, 700),
});

test('after any weather every node has every message of its streams, and knows all members and all who are online', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), weathers, fc.integer({ min: 2, max: 4 }), async (seed, weather, count) => {
      const fraction = fractions(seed);
      const world = makeWorld(fraction);
      const nodes: WorldNode[] = [];
      for (let index = 0; index < count; index++) nodes.push(await world.start());
      world.bus.weather = weather;
      await live(world, nodes, fraction, 60);
      world.bus.setDown(false);
      await world.after(3_000);
      judge(world, nodes);
    }),
    { numRuns: 60 },
  );
});

test('nodes may be paused, end and begin in any weather', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), weathers, async (seed, weather) => {
      const fraction = fractions(seed);
      const world = makeWorld(fraction);
      const nodes = [await world.start(), await world.start(), await world.start()];
      world.bus.weather = weather;
      await live(world, nodes, fraction, 20);
      const [paused, ...others] = nodes;
      paused?.clock.pause();
      await live(world, others, fraction, 20);
      await world.after(fraction() * 12_000);
      const begun = await world.start();
      await others.pop()?.leave();
      await live(world, [...others, begun], fraction, 20);
      paused?.clock.resume();
      const left = [...(paused === undefined ? [] : [paused]), ...others, begun];
      await live(world, left, fraction, 20);
      await world.after(4_000);
      world.bus.setDown(false);
      await world.after(4_000);
      judge(world, left);
    }),
    { numRuns: 40 },
  );
});
