import { expect, test } from 'vitest';
import { errorTable, HubError } from './errors.ts';
import { toFailure } from './failure.ts';

test('every code is snake_case, and every message a sentence for people', () => {
  for (const [code, { message }] of Object.entries(errorTable)) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(message).toMatch(/^[A-Z].*\.$/);
  }
});

test('a failure carries the message of the table, the event and nothing that is not there', () => {
  expect(toFailure(new HubError('room_full'), 'join_room')).toEqual({
    status: 'error',
    code: 'room_full',
    message: errorTable.room_full.message,
    event: 'join_room',
  });
});

test('a failure carries its own message, the seconds to wait and details if they were given', () => {
  const error = new HubError('overloaded', { message: 'Too much.', retryAfterS: 2, details: { queued: 7 } });
  expect(toFailure(error)).toEqual({ status: 'error', code: 'overloaded', message: 'Too much.', retry_after: 2, details: { queued: 7 } });
});

test('neither the cause nor the stack reaches the wire', () => {
  const error = new HubError('internal_error', { cause: new Error('secret') });
  expect(error.cause).toBeInstanceOf(Error);
  expect(JSON.stringify(toFailure(error))).not.toContain('secret');
  expect(Object.keys(toFailure(error))).toEqual(['status', 'code', 'message']);
});
