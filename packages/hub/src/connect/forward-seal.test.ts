import { expect, test } from 'vitest';
import { SystemRandom } from '../lib/random.ts';
import { forwardSeal, forwardSealCheck } from './forward-seal.ts';

const random = new SystemRandom();
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('a request is believed once, for its own method and path', () => {
  const seal = forwardSeal('secret', random);
  const isSealed = forwardSealCheck('secret');
  expect(isSealed(seal('GET', '/session/a'), 'GET', '/session/b')).toBe(false);
  expect(isSealed(seal('GET', '/session/a'), 'POST', '/session/a')).toBe(false);
  const header = seal('GET', '/session/a');
  expect(isSealed(header, 'GET', '/session/a')).toBe(true);
  expect(isSealed(header, 'GET', '/session/a')).toBe(false);
});

test('nobody without the secret is believed', () => {
  const isSealed = forwardSealCheck('secret');
  const header = forwardSeal('secret', random)('GET', '/');
  expect(isSealed(forwardSeal('other', random)('GET', '/'), 'GET', '/')).toBe(false);
  expect(isSealed(header.replace(/\.\d+\./, '.2.'), 'GET', '/')).toBe(false);
  for (const forged of [undefined, '', '..', header.slice(0, -1), `${header}A`, header.slice(1)])
    expect(isSealed(forged, 'GET', '/')).toBe(false);
  expect(isSealed(header, 'GET', '/')).toBe(true);
});

test('requests may overtake one another, and none of them is believed again', () => {
  const seal = forwardSeal('secret', random);
  const isSealed = forwardSealCheck('secret');
  const headers = upTo(10_000).map(() => seal('GET', '/'));
  const last = headers.at(-1);
  const overtaken = headers.slice(-4000, -1).reverse();
  for (const header of [last, ...overtaken]) expect(isSealed(header, 'GET', '/')).toBe(true);
  for (const header of headers.slice(-4000)) expect(isSealed(header, 'GET', '/')).toBe(false);
  expect(isSealed(headers[0], 'GET', '/')).toBe(false);
});

test('nodes are counted each by themselves', () => {
  const isSealed = forwardSealCheck('secret');
  const seals = upTo(100).map(() => forwardSeal('secret', random));
  for (const seal of seals) expect(isSealed(seal('GET', '/'), 'GET', '/')).toBe(true);
  for (const seal of seals) expect(isSealed(seal('GET', '/'), 'GET', '/')).toBe(true);
});
