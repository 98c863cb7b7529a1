import { describe, expect, test } from 'vitest';
import { subscriberOf } from './client-address.ts';
import { type Stranger, Strangers } from './strangers.ts';

function setUp(limits: { perAddress?: number; max?: number; bytes?: number } = {}) {
  const displaced: string[] = [];
  const strangers = new Strangers(
    {
      strangersPerAddressMax: limits.perAddress ?? 100,
      strangersMax: limits.max ?? 100,
      strangersBytesMax: limits.bytes ?? 1000,
    },
    () => {},
  );
  const arrive = (name: string, subscriber = 'a', heldBytes = 0, isPresent = true): Stranger & { heldBytes: number } => {
    const stranger = { subscriber, heldBytes, isPresent, displace: () => displaced.push(name) };
    strangers.add(stranger);
    return stranger;
  };
  return { strangers, displaced, arrive };
}

describe('at its limit', () => {
  test('an address displaces its own oldest session, and nobody else', () => {
    const { strangers, displaced, arrive } = setUp({ perAddress: 2 });
    arrive('other', 'b');
    for (const name of ['1', '2', '3', '4']) arrive(name);
    expect(displaced).toEqual(['1', '2']);
    expect(strangers.count).toBe(3);
  });

  test('a session that nobody holds a connection open for goes first', () => {
    const { displaced, arrive } = setUp({ perAddress: 2 });
    arrive('present');
    arrive('absent', 'a', 0, false);
    arrive('new');
    arrive('newer');
    expect(displaced).toEqual(['absent', 'present']);
  });

  test('the oldest of all makes room for a new one', () => {
    const { displaced, arrive } = setUp({ max: 2 });
    for (const name of ['1', '2', '3']) arrive(name, `address ${name}`);
    expect(displaced).toEqual(['1']);
  });

  test('the one for which the most is held goes, and only strangers count', () => {
    const { strangers, displaced, arrive } = setUp({ bytes: 1000 });
    const [small, large] = [arrive('small', 'a', 100), arrive('large', 'b', 800)];
    const registered = arrive('registered', 'c', 100);
    strangers.remove(registered);
    registered.heldBytes = 10_000;
    strangers.update(registered);
    small.heldBytes = 200;
    strangers.update(small);
    expect(displaced).toEqual([]);
    small.heldBytes = 201;
    strangers.update(small);
    expect(displaced).toEqual(['large']);
    expect(large.heldBytes).toBe(800);
  });
});

test('those who have registered do not count any more', () => {
  const { strangers, displaced, arrive } = setUp({ perAddress: 2 });
  for (let count = 0; count < 10; count++) strangers.remove(arrive('registered'));
  expect([displaced, strangers.count]).toEqual([[], 0]);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
  ['2001:db8:0:1::5', '2001:db8:0:1::/64'],
  ['2001:0db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s belongs to %s', (address, subscriber) => {
  expect(subscriberOf(address)).toBe(subscriber);
});
