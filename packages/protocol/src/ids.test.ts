import fc from 'fast-check';
import { expect, test } from 'vitest';
import { userIdFromWire, userIdToWire } from './ids.ts';

test('1 and "1" are the same user, and go out as the number', () => {
  expect(userIdFromWire(1)).toBe(userIdFromWire('1'));
  expect(userIdToWire('1')).toBe(1);
});

test.each(['01', '', '-1', '1.0', '1e3', ' 1', '１', '1234567890123456'])('"%s" stays a string', (id) => {
  expect(userIdToWire(id)).toBe(id);
});

test.each(['0', '7', '999999999999999'])('"%s" is a number on the wire', (id) => {
  expect(userIdToWire(id)).toBe(Number(id));
});

test('an id comes back as it went out, whatever it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.maxSafeInteger().map(String)), (id) => {
      expect(userIdFromWire(userIdToWire(id))).toBe(id);
      expect(userIdFromWire(JSON.parse(JSON.stringify(userIdToWire(id))))).toBe(id);
    }),
  );
});
