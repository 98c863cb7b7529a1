/**
 * Retention. A sweep walks the log once, oldest id first, one bounded page for each call, and ends at a page
 * in which nothing is old enough.
 *
 * Of a stream's log only a prefix goes, so that what is left has no gap: a message stays while an older
 * one before it stays. Undelivered messages that may not be kept as long as delivered ones go from above
 * the user's cursor; the delivered ones below then stay for the history, but are no longer part of the log.
 *
 * The timelines of deleted rooms come first, whatever their age: nobody sees them any more.
 */
import { inboxOf, type StreamId } from '../../../ports/store.ts';
import type { Writes } from '../thread/calls.ts';
import { createForgetUnused } from './forget-unused.ts';
import { textParameter } from './sqlite.ts';
import { undelivered } from './stream-states.ts';
import type { WriteContext } from './write-context.ts';

/** While a page is removed nothing else is committed. A row may dirty four pages of the file, so 1,000 rows took 190 ms. */
const pageRows = 200;

interface OldRow {
  readonly id: number;
  readonly stream: StreamId;
  readonly seq: number;
  readonly recipientId: string | null;
  readonly storedAtMs: number;
}

export function createExpire(context: WriteContext): Pick<Writes, 'expire'> {
  const { db, streams, counters } = context;
  const page = db.prepare<[number, number], OldRow>(
    'SELECT id, stream, seq, recipient_id AS recipientId, stored_at AS storedAtMs FROM messages WHERE id > ? ORDER BY id LIMIT ?',
  );
  const remove = db.prepare<[number]>('DELETE FROM messages WHERE id = ?');
  const prune = db.prepare<{ inbox: StreamId }>(
    'DELETE FROM deliveries WHERE stream = @inbox AND seq < coalesce((SELECT min(seq) FROM messages WHERE stream = @inbox), seq + 1)',
  );
  const purge = createPurge(context);
  const forgetUnused = createForgetUnused(context);
  let sweptId = 0;

  /** `expired` counts the losses: direct messages that never reached their recipient. */
  const drop = (row: OldRow, isDelivered: boolean): void => {
    const before = streams.get(row.stream);
    const after = { ...before, senders: undefined, trimmedSeq: Math.max(before.trimmedSeq, row.seq) };
    remove.run(row.id);
    streams.set(row.stream, after);
    counters.add('messages', -1);
    if (isDelivered) return;
    counters.add('queued', undelivered(after) - undelivered(before));
    counters.add('expired', 1);
  };

  return {
    expire({ deliveredMs, undeliveredMs }, nowMs) {
      counters.add('retention_time', Math.max(0, Math.round(nowMs) - counters.get('retention_time')));
      let removed = purge(pageRows);
      const rowsMax = pageRows - removed;
      const rows = page.all(sweptId, rowsMax);
      const touched = new Set<StreamId>();
      for (const row of rows) {
        const { trimmedSeq, deliveredSeq } = streams.get(row.stream);
        const isDelivered = row.recipientId === null || row.seq <= deliveredSeq;
        const nextSeq = (isDelivered ? trimmedSeq : Math.max(trimmedSeq, deliveredSeq)) + 1;
        if (nowMs - row.storedAtMs <= (isDelivered ? deliveredMs : undeliveredMs) || row.seq > nextSeq) continue;
        drop(row, isDelivered);
        removed += 1;
        if (row.recipientId !== null) touched.add(inboxOf(row.recipientId));
      }
      for (const inbox of touched) prune.run({ inbox });
      forgetUnused(nowMs - Math.max(deliveredMs, undeliveredMs));
      const isOld = (row: OldRow): boolean => nowMs - row.storedAtMs > Math.min(deliveredMs, undeliveredMs);
      const more = rowsMax === 0 || (rows.length === rowsMax && rows.some(isOld));
      sweptId = more ? (rows.at(-1)?.id ?? sweptId) : 0;
      return { removed, more };
    },
  };
}

/** Removes messages of deleted rooms, at most so many; returns how many. */
function createPurge({ db, streams, counters }: WriteContext): (rowsMax: number) => number {
  const next = db.prepare<[], { stream: StreamId }>('SELECT stream FROM deleted_streams LIMIT 1');
  const remove = db.prepare<[StreamId, number, number]>(
    `DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE stream = ${textParameter} AND seq <= ? LIMIT CAST(? AS INTEGER))`,
  );
  const forget = db.prepare<[StreamId]>('DELETE FROM deleted_streams WHERE stream = ?');

  return (rowsMax) => {
    let removed = 0;
    for (let found = next.get(); found !== undefined && removed < rowsMax; found = next.get()) {
      const { changes } = remove.run(found.stream, streams.get(found.stream).trimmedSeq, rowsMax - removed);
      removed += changes;
      if (removed < rowsMax) forget.run(found.stream);
    }
    counters.add('messages', -removed);
    return removed;
  };
}
