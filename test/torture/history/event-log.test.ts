import { expect, test } from 'vitest';
import { EventLog } from './event-log.ts';

test('gives events back as they were', () => {
  const log = new EventLog();
  log.add({ kind: 'up', atMs: 5 });
  log.add({ kind: 'delivered', atMs: 7.4, connection: 3, stream: 1, seq: 9, id: 109, message: 8, redelivered: true });
  log.add({ kind: 'refused', atMs: 8, connection: 3, message: 4, code: 'queue_full' });
  log.add({ kind: 'acknowledged', atMs: 9, connection: 3, stream: -1, seq: 0 });

  expect([...log]).toEqual([
    { kind: 'up', atMs: 5, values: { node: 0 } },
    { kind: 'delivered', atMs: 7, values: { connection: 3, stream: 1, seq: 9, id: 109, message: 8, redelivered: 1 } },
    { kind: 'refused', atMs: 8, values: { connection: 3, message: 4, code: 'queue_full' } },
    { kind: 'acknowledged', atMs: 9, values: { connection: 3, stream: -1, seq: 0 } },
  ]);
});

test('keeps thousands', () => {
  const log = new EventLog();
  for (let message = 0; message < 5_000; message++) log.add({ kind: 'retry', atMs: message, connection: 0, message });
  expect([...log].at(-1)).toEqual({ kind: 'retry', atMs: 4_999, values: { connection: 0, message: 4_999 } });
});
