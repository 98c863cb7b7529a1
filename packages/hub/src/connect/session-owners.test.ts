import { describe, expect, test } from 'vitest';
import { SystemRandom } from '../lib/random.ts';
import { ownersAlone, ownersInCluster } from './session-owners.ts';

const random = new SystemRandom();
const table = new Map([[2, 'b.example:9000']]);
const ownersOf = (node: number, secret = 'secret') => ownersInCluster(secret, { node, addressOf: (other) => table.get(other) }, random);

describe('the id of a session tells every node of the cluster whose it is', () => {
  const sid = ownersOf(2).newId();

  test('it is short and needs no escaping in a URL', () => {
    expect(sid).toMatch(/^2\.[\w-]{20}\.[\w-]{16}$/);
    expect(encodeURIComponent(sid)).toBe(sid);
  });

  test('its own node knows it as its own, another one looks the address up', () => {
    expect(ownersOf(2).ownerOf(sid)).toBe('here');
    expect(ownersOf(1).ownerOf(sid)).toEqual({ node: 2, address: 'b.example:9000' });
  });

  test('a session of a node that is not in the table is unknown', () => {
    expect(ownersOf(1).ownerOf(ownersOf(3).newId())).toBe('unknown');
  });

  test('an owner is live as long as the table has it at that address', () => {
    const owners = ownersOf(1);
    expect(owners.isLive({ node: 2, address: 'b.example:9000' })).toBe(true);
    expect(owners.isLive({ node: 2, address: 'other.example:9000' })).toBe(false);
    expect(owners.isLive({ node: 3, address: 'b.example:9000' })).toBe(false);
  });

  test.each([
    ['under another secret', ownersOf(2, 'other').newId()],
    ['moved to another node', `1${sid.slice(1)}`],
    ['with a zero before the node', `0${sid}`],
    ['with another random part', `2.${'x'.repeat(20)}.${sid.slice(-16)}`],
    ['with another MAC', `${sid.slice(0, -1)}${sid.endsWith('A') ? 'B' : 'A'}`],
    ['cut by a character', sid.slice(0, -1)],
    ['without its MAC', sid.slice(0, -17)],
    ['with a longer one', `${sid}A`],
    ['with a line break', `${sid}\n`],
    ['of a hub alone', random.id()],
    ['an empty one', ''],
    ['a very long one', '2.'.repeat(100_000)],
  ])('one %s is unknown', (_what, forged) => {
    expect(ownersOf(1).ownerOf(forged)).toBe('unknown');
    expect(ownersOf(2).ownerOf(forged)).toBe('unknown');
  });
});

test('a hub alone needs no secret: its ids are random, and every session is here or nowhere', () => {
  const owners = ownersAlone(random);
  expect(owners.newId()).toMatch(/^[\w-]{20}$/);
  expect(owners.ownerOf('2.x.y')).toBe('here');
});
