import { describe, expect, test } from 'vitest';
import { ReadGate } from './read-gate.ts';
import { TestConnection } from './services.test-support.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A gate for two reads at once, and reads that end when the test lets them. */
function setUp() {
  const gate = new ReadGate(2);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const outcomes: string[] = [];
  const read = (name: string, connection = new TestConnection(name)) => {
    const reading = gate.pass(connection, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
    });
    reading.then(
      () => outcomes.push(name),
      ({ code }) => outcomes.push(`${name} ${code}`),
    );
    return connection;
  };
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await settled();
  };
  return { gate, begun, outcomes, read, end };
}

describe('reads that clients ask for', () => {
  test('begin at once while there is room, then one after the other in the order in which they were asked for', async () => {
    const { begun, read, end } = setUp();
    for (const name of ['a', 'b', 'c', 'd']) read(name);
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('a');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  test('hold their connection while they wait, so that what it sends later does not overtake them', async () => {
    const { read, end } = setUp();
    read('a');
    read('b');
    const waiting = read('c');
    expect(waiting.holds).toBe(1);
    await end('a');
    expect(waiting.holds).toBe(0);
  });

  test('of a connection that has closed are dropped, and cost no place', async () => {
    const { begun, outcomes, read, end } = setUp();
    read('a');
    read('b');
    for (const name of ['c', 'd', 'e']) read(name).isGone = true;
    read('f');
    await end('a');
    expect(begun).toEqual(['a', 'b', 'f']);
    expect(outcomes.toSorted()).toEqual(['a', 'c overloaded', 'd overloaded', 'e overloaded']);
  });

  test('that fail leave their place to the next', async () => {
    const gate = new ReadGate(1);
    const failing = gate.pass(new TestConnection(), () => Promise.reject(new Error('no')));
    const next = gate.pass(new TestConnection(), async () => 'read');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('read');
  });
});
