import { expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import type { Connection } from '../ports/connection.ts';
import type { Session } from '../ports/session.ts';
import { SlowReaders } from './slow-readers.ts';

const sessionOf = (id: string, stalledSinceMs: number | undefined): Session => {
  const connection: Pick<Connection, 'id' | 'stalledSinceMs'> = { id, stalledSinceMs };
  return { connection } as Session;
};

test('a connection that took nothing for the deadline is closed and counted, any other is left alone', () => {
  const clock = new ManualClock();
  const closed: string[] = [];
  const slow = new SlowReaders({ clock, deadlineMs: 1000, close: ({ id }) => closed.push(id) });
  const sessions = [sessionOf('stopped', 0), sessionOf('slow', 500), sessionOf('quick', undefined)];
  clock.advance(999);
  slow.closeStalled(sessions);
  expect(closed).toEqual([]);
  clock.advance(1);
  slow.closeStalled(sessions);
  expect(closed).toEqual(['stopped']);
  expect(slow.closed).toBe(1);
});
