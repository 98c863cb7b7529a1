import { describe, expect, test } from 'vitest';
import { inboxOf, timelineOf } from '../ports/store.ts';
import { endedText, liveText } from './frames.ts';
import { sealWith } from './sealed.ts';
import { direct, makeWorld, toRoom, type WorldNode } from './world.test-support.ts';

const heardBy = (node: WorldNode, stream: string): readonly number[] => node.stages.streams.get(stream)?.heard ?? [];
const annsInbox = inboxOf('ann');
const poke = { kind: 'to_user', userId: 'ann', packet: '2["poke"]' } as const;

async function twoNodes() {
  const world = makeWorld();
  const [a, b] = [await world.start(), await world.start()];
  await world.after(100);
  return { world, a, b };
}

describe('what the bus carries', () => {
  test('a message that one node stores reaches a reader on another at once', async () => {
    const { world, a, b } = await twoNodes();
    await b.stages.open('ann');
    await a.append(direct('ann'));
    await world.after(10);
    expect(heardBy(b, annsInbox)).toEqual([1]);
    expect(b.stages.given).toMatchObject([{ stream: annsInbox, seq: 1, content: '"hello"', senderId: 'sender', recipientId: 'ann' }]);
  });

  test('content that is too long for a frame is read from the log', async () => {
    const { world, a, b } = await twoNodes();
    await b.stages.open('ann');
    await a.append(direct('ann', `"${'x'.repeat(9_000)}"`));
    await world.after(10);
    expect(heardBy(b, annsInbox)).toEqual([1]);
    expect(b.stages.given).toEqual([]);
  });

  test('a live event larger than a frame arrives whole, and the sender does not get it', async () => {
    const { world, a, b } = await twoNodes();
    const event = { ...poke, packet: `2["poke","${'ä😀'.repeat(5_000)}"]` };
    a.cluster.signal(event);
    await world.after(10);
    expect(b.stages.lives).toEqual([event]);
    expect(a.stages.lives).toEqual([]);
  });

  test('a doubled frame is applied once', async () => {
    const { world, a, b } = await twoNodes();
    world.bus.weather = { lost: 0, doubled: 1, delayMsMax: 0 };
    a.cluster.signal(poke);
    await a.append(direct('ann'));
    await world.after(10);
    expect(b.stages.lives).toEqual([poke]);
    expect(b.stages.given).toHaveLength(1);
  });

  test('own frames come back to nobody', async () => {
    const { world, a } = await twoNodes();
    a.cluster.signal(poke);
    await a.stages.open('ann');
    await a.append(direct('ann'));
    await world.after(10);
    expect(a.stages.lives).toEqual([]);
    expect(a.stages.given).toEqual([]);
    expect(a.stages.others.size).toBe(0);
  });

  test('who comes, leaves or chooses a state is known on every node', async () => {
    const { world, a, b } = await twoNodes();
    await a.stages.open('ann');
    await a.stages.choose('ann', 'dnd');
    await world.after(10);
    expect(b.stages.others.get('ann')?.get(a.cluster.node)).toMatchObject({ connections: 1, chosen: 'dnd' });
    const c = await world.start();
    expect(c.stages.others.get('ann')?.get(a.cluster.node)).toMatchObject({ connections: 1, chosen: 'dnd' });
    await a.stages.close('ann');
    await world.after(10);
    expect([b, c].map(({ stages }) => stages.others.get('ann')?.size)).toEqual([0, 0]);
  });

  test('who becomes idle is told, and what is told late is not believed', async () => {
    const { world, a, b } = await twoNodes();
    await a.stages.open('ann');
    const busy = a.stages.entryOf('ann');
    a.cluster.signal({ kind: 'presence', entry: { ...busy, isIdle: true } });
    await world.after(10);
    const entryThere = (): unknown => b.stages.others.get('ann')?.get(a.cluster.node);
    expect(entryThere()).toMatchObject({ isIdle: true });
    const late = sealWith('secret').seal(liveText({ node: a.cluster.node, serial: 1 }, 0, [{ kind: 'presence', entry: busy }]));
    world.bus.publish(late);
    await world.after(10);
    expect(entryThere()).toMatchObject({ isIdle: true });
  });
});

describe('what the bus loses', () => {
  test('a message that was lost before one that was heard is found, where the highest position would hide it', async () => {
    const { world, a, b } = await twoNodes();
    await b.stages.open('ann');
    await world.after(600);
    world.bus.weather = { lost: 1, doubled: 0, delayMsMax: 0 };
    await a.append(direct('ann'));
    await world.after(10);
    world.bus.weather = { lost: 0, doubled: 0, delayMsMax: 0 };
    await a.append(direct('bob'));
    await world.after(10);
    expect(heardBy(b, annsInbox)).toEqual([]);
    await world.after(1_200);
    expect(heardBy(b, annsInbox)).toEqual([1]);
  });

  test('nothing is read while nothing is lost', async () => {
    const { world, a, b } = await twoNodes();
    await b.stages.open('ann');
    await a.append(direct('ann'));
    await world.after(3_000);
    expect(b.cluster.stats()).toMatchObject({ mended: 0, nodes: 2, bus: 'up' });
  });

  test('lost joins, leaves and sessions are found', async () => {
    const { world, a, b } = await twoNodes();
    await b.stages.open('ann');
    await world.after(600);
    world.bus.weather = { lost: 1, doubled: 0, delayMsMax: 0 };
    await a.stages.open('bob');
    await a.stages.join('lobby', 'ann');
    await a.append(toRoom('lobby'));
    await world.after(1_200);
    expect(b.stages.roomsOf('ann')).toEqual(new Set(['lobby']));
    expect(heardBy(b, timelineOf('lobby'))).toEqual([1]);
    expect(b.stages.others.get('bob')?.get(a.cluster.node)).toMatchObject({ connections: 1 });
    await a.stages.leave('lobby', 'ann');
    await a.stages.close('bob');
    await world.after(1_200);
    expect(b.stages.roomsOf('ann')).toEqual(new Set());
    expect(b.stages.others.get('bob')?.size).toBe(0);
  });

  test('while the bus is down each round reads what it would have carried', async () => {
    const { world, a, b } = await twoNodes();
    await b.stages.open('ann');
    await world.after(600);
    world.bus.setDown(true);
    await world.after(100);
    await a.append(direct('ann'));
    await world.after(600);
    expect(heardBy(b, annsInbox)).toEqual([1]);
    expect(b.cluster.stats()).toMatchObject({ bus: 'down' });
  });

  test('a bus that says it is up and carries nothing counts as down', async () => {
    const { world, a } = await twoNodes();
    world.bus.isDeaf = true;
    await a.append(direct('ann'));
    await world.after(4_000);
    expect(a.cluster.stats().bus).toBe('down');
    world.bus.isDeaf = false;
    await world.after(1_000);
    expect(a.cluster.stats().bus).toBe('up');
  });

  test('what comes late after it was mended changes nothing', async () => {
    const { world, a, b } = await twoNodes();
    world.bus.weather = { lost: 1, doubled: 0, delayMsMax: 0 };
    await a.stages.open('ann');
    await world.after(10);
    const late = world.bus.frames.at(-1) ?? '';
    await a.stages.close('ann');
    await world.after(1_200);
    world.bus.weather = { lost: 0, doubled: 0, delayMsMax: 0 };
    world.bus.publish(late);
    await world.after(10);
    expect(b.stages.others.get('ann')?.size ?? 0).toBe(0);
  });

  test('the last commits of a node that died before it told of them are found when it is ended', async () => {
    const { world, a, b } = await twoNodes();
    await b.stages.open('ann');
    await world.after(600);
    world.bus.weather = { lost: 1, doubled: 0, delayMsMax: 0 };
    await a.append(direct('ann'));
    await a.leave();
    world.bus.weather = { lost: 0, doubled: 0, delayMsMax: 0 };
    await world.after(600);
    expect(heardBy(b, annsInbox)).toEqual([1]);
  });

  test('a message that came while its reader was being opened is not missed', async () => {
    const { world, a, b } = await twoNodes();
    // The store looks before the message is stored, and its answer comes after the frame.
    await b.stages.open('ann');
    const inbox = b.stages.streams.get(annsInbox);
    b.stages.streams.delete(annsInbox);
    await a.append(direct('ann'));
    await world.after(10);
    if (inbox !== undefined) b.stages.streams.set(annsInbox, inbox);
    await world.after(600);
    expect(heardBy(b, annsInbox)).toEqual([1]);
  });

  test('the store may be away for a while', async () => {
    const { world, a, b } = await twoNodes();
    await b.stages.open('ann');
    world.bus.weather = { lost: 1, doubled: 0, delayMsMax: 0 };
    await a.append(direct('ann'));
    world.shared.setReachable(false);
    await world.after(10_000);
    expect(a.cluster.isSure).toBe(false);
    world.shared.setReachable(true);
    await world.after(2_000);
    expect(heardBy(b, annsInbox)).toEqual([1]);
    expect([a, b].map(({ cluster, stages }) => [cluster.isSure, stages.timesFenced])).toEqual([
      [true, 0],
      [true, 0],
    ]);
  });
});

describe('nodes that end', () => {
  test('goodbye: the users of a node that ends are gone at once', async () => {
    const { world, a, b } = await twoNodes();
    await a.stages.open('ann');
    await world.after(10);
    await a.leave();
    await world.after(100);
    expect(b.stages.gone).toEqual([a.cluster.node]);
    expect(b.stages.others.get('ann')?.size).toBe(0);
    expect(b.cluster.stats().nodes).toBe(1);
  });

  test('a paused node is ended by another, says nothing when it goes on, and joins anew', async () => {
    const { world, a, b } = await twoNodes();
    await a.stages.open('ann');
    await world.after(10);
    const before = a.cluster.node;
    a.clock.pause();
    await world.after(5_000);
    expect(b.stages.gone).toEqual([]);
    await world.after(3_500);
    expect(b.stages.gone).toEqual([before]);

    // Its first moment: it does not know yet that it has ended, but that it can't be sure.
    expect(a.cluster.isSure).toBe(false);
    await expect(a.append(direct('bob'))).rejects.toMatchObject({ code: 'overloaded' });
    a.cluster.signal(poke);
    a.clock.resume();
    await world.after(2_000);
    expect(b.stages.lives).toEqual([]);
    expect(a.stages.timesFenced).toBe(1);
    expect(a.cluster.node).not.toBe(before);
    expect(a.cluster.isSure).toBe(true);
    await a.stages.open('ann');
    await world.after(10);
    expect(b.stages.others.get('ann')?.size).toBe(1);
  });

  test('a short pause ends nobody', async () => {
    const { world, a, b } = await twoNodes();
    a.clock.pause();
    await world.after(3_000);
    a.clock.resume();
    await world.after(3_000);
    expect(b.stages.gone).toEqual([]);
    expect(a.stages.timesFenced).toBe(0);
  });

  test('a judge that was away itself ends nobody', async () => {
    const { world, a, b } = await twoNodes();
    await world.after(2_500);
    a.clock.pause();
    b.clock.pause();
    await world.after(20_000);
    b.clock.resume();
    await world.after(3_000);
    a.clock.resume();
    await world.after(3_000);
    expect([a, b].map(({ stages }) => [stages.timesFenced, stages.gone])).toEqual([
      [0, []],
      [0, []],
    ]);
  });

  test('frames of a node that has ended are dropped', async () => {
    const { world, a, b } = await twoNodes();
    const ended = a.cluster.node;
    await a.leave();
    await world.after(600);
    world.bus.publish(sealWith('secret').seal(liveText({ node: ended, serial: 1_000 }, 0, [poke])));
    await world.after(1_000);
    expect(b.stages.lives).toEqual([]);
    expect(b.cluster.stats().ofEnded).toBe(1);
  });

  test('what a node tells that the others do not know yet is heard', async () => {
    const { world, a } = await twoNodes();
    await a.stages.open('ann');
    const c = await world.start();
    c.cluster.signal(poke);
    await c.append(direct('ann'));
    await world.after(100);
    expect(a.stages.lives).toEqual([poke]);
    expect(heardBy(a, annsInbox)).toEqual([1]);
  });
});

describe('strangers on the bus', () => {
  test('a forged frame is ignored', async () => {
    const { world, a, b } = await twoNodes();
    const text = liveText({ node: a.cluster.node, serial: 1_000 }, 0, [poke]);
    const right = sealWith('secret').seal(text);
    for (const forged of ['', text, sealWith('guess').seal(text), `${right} `, right.slice(1)]) world.bus.publish(forged);
    await world.after(10);
    expect(b.stages.lives).toEqual([]);
    expect(b.cluster.stats().refused).toBe(5);
    world.bus.publish(right);
    await world.after(10);
    expect(b.stages.lives).toEqual([poke]);
  });

  test('a node is not ended because a frame says so', async () => {
    const { world, a, b } = await twoNodes();
    world.bus.publish(sealWith('secret').seal(endedText({ node: a.cluster.node, serial: 1_000 }, a.cluster.node)));
    await world.after(1_000);
    expect(b.stages.gone).toEqual([]);
  });
});
