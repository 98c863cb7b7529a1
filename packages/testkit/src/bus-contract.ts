/**
 * The contract of the bus port: every adapter runs all of it, on a real server.
 *
 *     busContract('my bus', async () => ({ server, open: (clusterId, handlers, times) => openMyBus(…), dispose: … }));
 */
import { randomUUID } from 'node:crypto';
import type { Bus, BusHandlers } from '@parley/hub/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestServer } from './servers/program.ts';

export interface BusHarness {
  /** Undefined: there is none that could fail. */
  readonly server: Pick<TestServer, 'kill' | 'start' | 'freeze' | 'thaw'> | undefined;
  /** Opens the bus of one node, with times that suit a test. */
  open(clusterId: string, handlers: BusHandlers, times: BusTimes): Promise<Bus>;
  dispose(): Promise<void>;
}

export interface BusTimes {
  readonly deafAfterMs: number;
  readonly connectTimeoutMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export interface BusCapabilities {
  /** What has to be installed for it, if it isn't: all tests are skipped. */
  readonly missing?: string | undefined;
  readonly hasServer: boolean;
}

/** Long enough for a machine that does much else. */
const patient = { timeout: 20_000, interval: 20 };
const calm: BusTimes = { deafAfterMs: 9_000, connectTimeoutMs: 9_000, retryMinMs: 20, retryMaxMs: 100 };
const watchful: BusTimes = { ...calm, deafAfterMs: 900, connectTimeoutMs: 900 };

interface Node {
  readonly bus: Bus;
  readonly heard: string[];
  /** `up`, or `down: reason`. */
  readonly states: string[];
}

export function busContract(name: string, make: () => Promise<BusHarness>, { missing, hasServer }: BusCapabilities): void {
  describe(`bus contract: ${name}`, () => {
    let harness: BusHarness;
    const opened: Bus[] = [];

    beforeEach(async ({ skip }) => {
      if (missing !== undefined) skip(`not installed: ${missing}`);
      harness = await make();
    });

    afterEach(async () => {
      if (missing !== undefined) return;
      harness.server?.thaw();
      await Promise.all(opened.splice(0).map((bus) => bus.close()));
      await harness.dispose();
    });

    async function join(clusterId: string, times = calm): Promise<Node> {
      const heard: string[] = [];
      const states: string[] = [];
      const handlers: BusHandlers = {
        onFrame: (frame) => heard.push(frame),
        onState: (state, reason) => states.push(reason === undefined ? state : `${state}: ${reason}`),
      };
      const bus = await harness.open(clusterId, handlers, times);
      opened.push(bus);
      return { bus, heard, states };
    }

    const joinAll = (count: number, clusterId: string = randomUUID(), times = calm): Promise<readonly Node[]> =>
      Promise.all(Array.from({ length: count }, () => join(clusterId, times)));

    const serverOf = () => harness.server ?? expect.fail('a server was promised');

    /** Sends until every node hears it: after an outage nobody promises when. */
    async function expectTalk(from: Node, nodes: readonly Node[]): Promise<void> {
      const word = randomUUID();
      await expect
        .poll(() => {
          from.bus.publish(word);
          return nodes.every(({ heard }) => heard.includes(word));
        }, patient)
        .toBe(true);
    }

    test('a node is told that the bus is up before it gets it', async () => {
      const { states } = await join('one');
      expect(states).toEqual(['up']);
    });

    test('every node hears every frame, the sender included, in the order of the sender', async () => {
      const nodes = await joinAll(3);
      const sent = nodes.map((_node, sender) => Array.from({ length: 500 }, (_, index) => `${sender} ${index}`));
      for (let index = 0; index < 500; index += 1) {
        for (const [sender, { bus }] of nodes.entries()) bus.publish(sent[sender]?.[index] ?? '');
      }
      for (const { heard } of nodes) {
        await expect.poll(() => heard.length, patient).toBe(1_500);
        for (const [sender, frames] of sent.entries()) expect(heard.filter((frame) => frame.startsWith(`${sender} `))).toEqual(frames);
      }
      expect(nodes.map(({ bus }) => bus.dropped)).toEqual([0, 0, 0]);
    });

    test('frames that are equal are all delivered, an empty one too', async () => {
      const [ann, bob] = await joinAll(2);
      for (let index = 0; index < 5; index += 1) ann?.bus.publish('same');
      ann?.bus.publish('');
      for (const node of [ann, bob]) await expect.poll(() => node?.heard, patient).toEqual([...Array(5).fill('same'), '']);
    });

    test('a frame may be as large as allowed, and no larger', async () => {
      const [ann, bob] = await joinAll(2);
      const sizeMax = ann?.bus.frameBytesMax ?? 0;
      // Three bytes each: the limit is one of bytes.
      const largest = '€'.repeat(Math.floor(sizeMax / 3)) + 'x'.repeat(sizeMax % 3);
      for (let index = 0; index < 3; index += 1) ann?.bus.publish(largest);
      ann?.bus.publish(`${largest}x`);
      ann?.bus.publish('last');
      for (const node of [ann, bob]) {
        await expect.poll(() => node?.heard.length, patient).toBe(4);
        // Not toEqual: a difference of such texts takes long to show.
        expect(node?.heard.map((frame) => frame === largest)).toEqual([true, true, true, false]);
        expect(node?.heard[3]).toBe('last');
      }
      expect(ann?.bus.dropped).toBe(1);
    });

    test('text of all kinds comes as it was sent; a frame with NUL is dropped, and alone', async () => {
      const [ann, bob] = await joinAll(2);
      const frames = [
        '"quoted" \\ {curly}, \'single\'',
        'line\r\nbreak\ttab',
        'żółw 🐢 漢字 \u2028 \uFEFF',
        '$1 %s NULL',
        ' leading and trailing ',
      ];
      for (const frame of frames) ann?.bus.publish(frame);
      ann?.bus.publish('a\0b');
      ann?.bus.publish('after');
      await expect.poll(() => bob?.heard, patient).toEqual([...frames, 'after']);
      expect(ann?.bus.dropped).toBe(1);
    });

    test.for([
      ['one', 'two'],
      ['parley', 'PARLEY'],
      [`${'x'.repeat(80)}1`, `${'x'.repeat(80)}2`],
      ['with "quotes".*>', 'with "quotes"'],
    ])('two clusters, %j, do not hear each other', async (ids) => {
      const unique = randomUUID().slice(0, 8);
      const clusters = await Promise.all(ids.map((id) => joinAll(2, id + unique)));
      for (const [index, [first]] of clusters.entries()) first?.bus.publish(`from ${index}`);
      for (const [index, nodes] of clusters.entries()) {
        for (const { heard } of nodes) await expect.poll(() => heard, patient).toEqual([`from ${index}`]);
      }
    });

    test('to close sends what was published, and is the end', async () => {
      const [ann, bob] = await joinAll(2);
      const frames = Array.from({ length: 200 }, (_, index) => `last ${index}`);
      for (const frame of frames) ann?.bus.publish(frame);
      await ann?.bus.close();
      await ann?.bus.close();
      await expect.poll(() => bob?.heard, patient).toEqual(frames);
      expect(ann?.bus.dropped).toBe(0);
      const heardByAnn = ann?.heard.length;
      ann?.bus.publish('too late');
      expect(ann?.bus.dropped).toBe(1);
      bob?.bus.publish('end');
      await expect.poll(() => bob?.heard.at(-1), patient).toBe('end');
      expect(ann?.heard).toHaveLength(heardByAnn ?? -1);
      expect(ann?.states).toEqual(['up']);
    });

    if (!hasServer) return;

    test('a server that was killed: frames are dropped and counted until it is back, and the nodes come back by themselves', async () => {
      const nodes = await joinAll(3);
      const [ann, bob] = nodes;
      if (ann === undefined || bob === undefined) expect.fail('no nodes');
      await serverOf().kill();
      for (const { states } of nodes) await expect.poll(() => states[1], patient).toMatch(/^down: ./);
      ann.bus.publish('lost');
      ann.bus.publish('lost too');
      expect(ann.bus.dropped).toBe(2);
      await serverOf().start();
      for (const { states } of nodes) await expect.poll(() => states.at(-1), patient).toBe('up');
      await expectTalk(ann, nodes);
      await expectTalk(bob, nodes);
      expect(bob.heard).not.toContain('lost');
    });

    test('a server that is not there when a node starts: the bus is down, and up once it comes', async () => {
      await serverOf().kill();
      const node = await join(randomUUID());
      expect(node.states).toEqual([expect.stringMatching(/^down: ./)]);
      node.bus.publish('lost');
      expect(node.bus.dropped).toBe(1);
      await serverOf().start();
      await expect.poll(() => node.states.at(-1), patient).toBe('up');
      await expectTalk(node, [node]);
    });

    test.for([
      ['that speaks', true],
      ['that is silent', false],
    ] as const)('a server that is frozen is noticed by a node %s, which comes back when it goes on', async ([_name, speaks]) => {
      const [node] = await joinAll(1, randomUUID(), watchful);
      if (node === undefined) expect.fail('no node');
      await serverOf().freeze();
      if (speaks) node.bus.publish('into the void');
      await expect.poll(() => node.states[1], patient).toMatch(/^down: .*heard nothing/);
      expect(node.bus.dropped).toBeLessThanOrEqual(1);
      serverOf().thaw();
      await expect.poll(() => node.states.at(-1), patient).toBe('up');
      await expectTalk(node, [node]);
    });

    test('to close does not wait for a server that is frozen', async () => {
      const [node] = await joinAll(1);
      await serverOf().freeze();
      node?.bus.publish('into the void');
      const startMs = performance.now();
      await node?.bus.close();
      expect(performance.now() - startMs).toBeLessThan(5_000);
      expect(node?.bus.dropped).toBe(1);
    });
  });
}
