import { HubError } from '@parley/protocol';
import { expect, test } from 'vitest';
import { Unforeseen } from './unforeseen.ts';

test('every failure that is told as internal_error is logged and counted, and no other one', () => {
  const logged: unknown[] = [];
  const unforeseen = new Unforeseen((error, event) => logged.push([error, event]));
  const [full, bug, storeBug] = [new HubError('queue_full'), new TypeError('secret'), new HubError('internal_error')];
  expect(unforeseen.told(full, 'message')).toBe(full);
  expect(unforeseen.told(bug, 'message')).toMatchObject({ code: 'internal_error', cause: bug });
  expect(unforeseen.told(storeBug, 'join_room')).toBe(storeBug);
  expect(logged).toEqual([
    [bug, 'message'],
    [storeBug, 'join_room'],
  ]);
  expect(unforeseen.count).toBe(2);
});
