import { expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import type { Bus } from '../ports/bus.ts';
import type { Line, LineEvents, Pace } from './line.ts';
import { openLineBus } from './line-bus.ts';
import { type BusOptions, settingsOf } from './settings.ts';

/** A line under the hands of a test: it says nothing by itself. */
interface FakeLine {
  readonly events: LineEvents;
  readonly ready: PromiseWithResolvers<void>;
  /** What was sent and waits for its answer. */
  readonly sends: { readonly payloads: readonly string[]; readonly answer: PromiseWithResolvers<void> }[];
  isDropped: boolean;
}

const pace: Pace = { frameBytesMax: 100, sendPayloadsMax: 3, sendBytesMax: 100, sendsMax: 1, pauseMs: 0 };
const times = { deafAfterMs: 3_000, connectTimeoutMs: 5_000, retryMinMs: 100, retryMaxMs: 1_000, closeTimeoutMs: 500 };

function start(options: Partial<BusOptions & { readonly pace: Pace; readonly chance: number }> = {}) {
  const clock = new ManualClock();
  const lines: FakeLine[] = [];
  const heard: string[] = [];
  const states: string[] = [];
  const random = { id: () => `line-${lines.length}`.padEnd(20, '.'), fraction: () => options.chance ?? 1 };
  const dial = (events: LineEvents): Line => {
    const line: FakeLine = { events, ready: Promise.withResolvers<void>(), sends: [], isDropped: false };
    lines.push(line);
    return {
      ready: line.ready.promise,
      send(payloads) {
        const answer = Promise.withResolvers<void>();
        line.sends.push({ payloads, answer });
        return answer.promise;
      },
      drop() {
        line.isDropped = true;
      },
    };
  };
  const opening = openLineBus({
    dial,
    pace: options.pace ?? pace,
    settings: settingsOf({ clusterId: 'c', clock, random, ...times, ...options }),
    handlers: {
      onFrame: (frame) => heard.push(frame),
      onState: (state, reason) => states.push(reason === undefined ? state : `${state}: ${reason}`),
    },
  });
  const lastLine = (): FakeLine => lines.at(-1) ?? expect.fail('nothing was dialled');
  /** Lets promises go on, and ends the turn. */
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 10; round += 1) {
      await Promise.resolve();
      clock.endTurn();
    }
  };
  /** The server takes what was sent, and sends it back to whom it came from. Returns it. */
  const echo = async (line = lastLine()): Promise<readonly string[]> => {
    const payloads = line.sends.splice(0).flatMap(({ payloads: sent, answer }) => {
      answer.resolve();
      return sent;
    });
    for (const payload of payloads) line.events.onPayload(payload);
    await settle();
    return payloads;
  };
  const up = async (): Promise<Bus> => {
    lastLine().ready.resolve();
    await settle();
    await echo();
    return opening;
  };
  return { clock, lines, heard, states, opening, lastLine, settle, echo, up };
}

test('it is up only when it heard itself', async () => {
  const { states, lastLine, settle, echo } = start();
  await settle();
  expect(lastLine().sends).toEqual([]);
  lastLine().ready.resolve();
  await settle();
  expect(states).toEqual([]);
  lastLine().events.onPayload('another.:a frame of another node');
  expect(states).toEqual([]);
  await echo();
  expect(states).toEqual(['up']);
});

test('it is given out down if the first attempt fails, and does not mind', async () => {
  const { clock, states, lines, lastLine, opening, settle, up } = start();
  lastLine().ready.reject(new Error('nobody there'));
  const bus = await opening;
  expect(states).toEqual(['down: nobody there']);
  bus.publish('lost');
  expect(bus.dropped).toBe(1);
  clock.advance(100);
  await settle();
  expect(lines).toHaveLength(2);
  await up();
  expect(states).toEqual(['down: nobody there', 'up']);
});

test('a line that is connected but hears nothing of itself is never up', async () => {
  const { clock, states, lastLine, settle } = start();
  lastLine().ready.resolve();
  await settle();
  clock.advance(5_000);
  expect(states).toEqual(['down: it is connected, but heard nothing of itself for 5000 ms']);
  expect(lastLine().isDropped).toBe(true);
});

test('the pauses between attempts grow up to a limit, half of each by chance, and begin anew when it was up', async () => {
  for (const [chance, share] of [
    [0, 0.5],
    [1, 1],
  ] as const) {
    const { clock, lines, lastLine, settle, up } = start({ chance });
    const pauses: number[] = [];
    const fail = async (): Promise<void> => {
      const count = lines.length;
      lastLine().events.onEnded(new Error('gone'));
      let pauseMs = 0;
      for (; lines.length === count; pauseMs += 10) clock.advance(10);
      pauses.push(pauseMs);
      await settle();
    };
    for (let attempt = 0; attempt < 6; attempt += 1) await fail();
    await up();
    await fail();
    expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000, 100].map((pauseMs) => pauseMs * share));
  }
});

test('it tells once that it is down, and again only for another reason', async () => {
  const { clock, states, lastLine, settle, up } = start();
  await up();
  for (const reason of ['cut', 'refused', 'refused', 'wrong password']) {
    lastLine().events.onEnded(new Error(reason));
    // A line has one end.
    lastLine().events.onEnded(new Error('late'));
    await settle();
    clock.advance(1_000);
  }
  expect(states).toEqual(['up', 'down: cut', 'down: refused', 'down: wrong password']);
});

test('who hears nothing of itself for long connects anew, and what it was sending counts as dropped', async () => {
  const { clock, states, lines, lastLine, settle, echo, up } = start();
  const bus = await up();
  for (let second = 0; second < 20; second += 1) {
    clock.advance(1_000);
    await echo();
  }
  expect(states).toEqual(['up']);
  bus.publish('one');
  bus.publish('two');
  await settle();
  lastLine().events.onPayload('another.:still there');
  clock.advance(2_000);
  await settle();
  expect(states).toEqual(['up']);
  clock.advance(2_000);
  await settle();
  expect(states).toEqual(['up', 'down: it heard nothing of itself for 3000 ms']);
  expect(bus.dropped).toBe(2);
  expect(lines[0]?.isDropped).toBe(true);
  clock.advance(100);
  expect(lines).toHaveLength(2);
});

test('rounds of silence that are few, as after a pause of the process itself, are no sign of a server that is frozen', async () => {
  const { clock, states, echo, up } = start();
  await up();
  for (let pause = 0; pause < 3; pause += 1) {
    clock.advance(3_000);
    await echo();
  }
  expect(states).toEqual(['up']);
});

test('what is published in one turn is sent together, in parts that the server allows', async () => {
  const { heard, lastLine, settle, echo, up } = start();
  const bus = await up();
  for (const frame of ['a', 'b', 'c', 'd']) bus.publish(frame);
  await settle();
  expect(lastLine().sends.map(({ payloads }) => payloads.length)).toEqual([3]);
  await echo();
  expect(lastLine().sends.map(({ payloads }) => payloads.length)).toEqual([1]);
  await echo();
  expect(heard).toEqual(['a', 'b', 'c', 'd']);
  const large = 'x'.repeat(60);
  bus.publish(large);
  bus.publish(large);
  await settle();
  expect(lastLine().sends.map(({ payloads }) => payloads.length)).toEqual([1]);
});

test('with a pause the first goes at once and the next when it is over', async () => {
  const { clock, lastLine, settle, echo, up } = start({ pace: { ...pace, pauseMs: 5 } });
  const bus = await up();
  clock.advance(5);
  bus.publish('first');
  await settle();
  expect(lastLine().sends).toHaveLength(1);
  await echo();
  bus.publish('second');
  bus.publish('third');
  await settle();
  expect(lastLine().sends).toHaveLength(0);
  clock.advance(4);
  expect(lastLine().sends).toHaveLength(0);
  clock.advance(1);
  expect(lastLine().sends.map(({ payloads }) => payloads.length)).toEqual([2]);
});

test('what waits for a slow server is bounded, and what is too much is dropped and counted', async () => {
  const { heard, settle, echo, up } = start({ waitingBytesMax: 250 });
  const bus = await up();
  const frame = 'x'.repeat(100);
  for (let index = 0; index < 5; index += 1) bus.publish(frame);
  expect(bus.dropped).toBe(3);
  await settle();
  // Being sent is not taken.
  bus.publish(frame);
  expect(bus.dropped).toBe(4);
  await echo();
  await echo();
  bus.publish(frame);
  await settle();
  await echo();
  expect(heard).toHaveLength(3);
  expect(bus.dropped).toBe(4);
});

test('a send that the server refuses ends the line, with its words', async () => {
  const { states, lastLine, settle, up } = start();
  const bus = await up();
  bus.publish('frame');
  await settle();
  lastLine().sends[0]?.answer.reject(new Error('no permission'));
  await settle();
  expect(states).toEqual(['up', 'down: no permission']);
  expect(bus.dropped).toBe(1);
});

test('to close sends what waits, then ends the line; a server that takes nothing is given up soon', async () => {
  const quick = start();
  const first = await quick.up();
  for (const frame of ['a', 'b', 'c', 'd']) first.publish(frame);
  const closing = first.close();
  first.publish('too late');
  await quick.settle();
  await quick.echo();
  expect(quick.lastLine().isDropped).toBe(false);
  await quick.echo();
  await closing;
  expect(quick.lastLine().isDropped).toBe(true);
  expect([quick.heard, first.dropped, quick.clock.timerCount]).toEqual([['a', 'b', 'c', 'd'], 1, 0]);

  const slow = start();
  const second = await slow.up();
  second.publish('never taken');
  const ending = second.close();
  await slow.settle();
  slow.clock.advance(500);
  await ending;
  expect([slow.lastLine().isDropped, second.dropped, slow.clock.timerCount]).toEqual([true, 1, 0]);
  expect(slow.states).toEqual(['up']);
});

test('a line that ends while the bus is being closed ends that too, and is not dialled again', async () => {
  const { clock, lines, states, lastLine, settle, up } = start();
  const bus = await up();
  bus.publish('lost');
  const closing = bus.close();
  await settle();
  lastLine().events.onEnded(new Error('cut'));
  await closing;
  clock.advance(10_000);
  expect([lines.length, bus.dropped, clock.timerCount]).toEqual([1, 1, 0]);
  expect(states).toEqual(['up']);
});

test('to close while it is down stops the attempts', async () => {
  const { clock, lines, lastLine, opening } = start();
  lastLine().ready.reject(new Error('nobody there'));
  const bus = await opening;
  await bus.close();
  clock.advance(10_000);
  expect([lines.length, clock.timerCount]).toEqual([1, 0]);
});
