import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';

test('events come by time, those of one moment together and in the order in which they were added, without the cancelled ones', () => {
  const event = fc.record({ atMs: fc.nat({ max: 20 }), isCancelled: fc.boolean() });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 100 }), (events) => {
      const queue = new EventQueue();
      const came: number[] = [];
      events.forEach(({ atMs, isCancelled }, index) => {
        const cancel = queue.add(atMs, () => void came.push(index));
        if (isCancelled) cancel();
      });
      const expected = events
        .map(({ atMs, isCancelled }, index) => ({ atMs, isCancelled, index }))
        .filter(({ isCancelled }) => !isCancelled)
        .toSorted((a, b) => a.atMs - b.atMs || a.index - b.index);
      expect(queue.size).toBe(expected.length);
      const moments: number[] = [];
      for (let due = queue.takeDue(); due !== undefined; due = queue.takeDue()) {
        moments.push(due.atMs);
        for (const { callback } of due.events) callback();
      }
      expect(came).toEqual(expected.map(({ index }) => index));
      expect(moments).toEqual([...new Set(expected.map(({ atMs }) => atMs))]);
      expect(queue.size).toBe(0);
    }),
  );
});
