import type { NodeId } from '../../ports/shared-store.ts';
import type { ReaderId, StreamPosition } from '../../ports/store.ts';
import { bigintArray, intArray, textArray } from './arrays.ts';
import type { Sql } from './connection.ts';
import type { GroupResult } from './open-readers.ts';

export interface CloseCall {
  readonly kind: 'close';
  readonly reader: ReaderId;
  readonly written: readonly StreamPosition[];
}

/** Each ends one session of its reader on this node. */
export async function closeReaders(sql: Sql, node: NodeId, calls: readonly CloseCall[]): Promise<GroupResult> {
  await saveWritten(sql, calls);
  const readers = countReaders(calls);
  await sql.query({
    name: 'close_sessions',
    text: `
      DELETE FROM sessions AS s USING (
        SELECT o.user_id, o.slot, row_number() OVER (PARTITION BY o.user_id, o.device_id ORDER BY o.slot DESC) AS number, t.count
        FROM unnest($1::text[], $2::text[], $3::int[]) AS t (user_id, device_id, count)
        JOIN sessions AS o ON o.user_id = t.user_id AND o.device_id = t.device_id AND o.node_id = $4) AS own
      WHERE own.number <= own.count AND s.user_id = own.user_id AND s.slot = own.slot`,
    values: [...columnsOf(readers), intArray(readers.map(({ count }) => count)), node],
  });
  await sql.query({
    name: 'close_used',
    text: `
      UPDATE readers AS r SET used_at = (SELECT value FROM meta WHERE key = 'retention_time')::double precision
      FROM unnest($1::text[], $2::text[]) AS t (user_id, device_id)
      WHERE r.user_id = t.user_id AND r.device_id = t.device_id AND EXISTS (SELECT 1 FROM meta WHERE key = 'retention_time')`,
    values: columnsOf(readers),
  });
  return {
    outcomes: calls.map(() => ({ value: undefined })),
    news: [...new Set(calls.map(({ reader }) => reader.userId))].map((userId) => ({ kind: 'user', userId })),
  };
}

/** Up to where messages may have been written and were not acknowledged. A device without a cursor stands where its user does. */
async function saveWritten(sql: Sql, calls: readonly CloseCall[]): Promise<void> {
  const rows = calls.flatMap(({ reader, written }) => written.map((position) => ({ ...reader, ...position })));
  if (rows.length === 0) return;
  await sql.query({
    name: 'close_written',
    text: `
      INSERT INTO cursors AS c (user_id, device_id, stream, received_seq, written_seq)
      SELECT user_id, device_id, stream, min(floor), max(greatest(floor, least(seq, last_seq))) FROM (
        SELECT t.*, coalesce(s.last_seq, 0) AS last_seq,
          CASE WHEN t.stream = 'user:' || t.user_id THEN coalesce(u.received_seq, s.floor_seq, 0) ELSE m.joined_seq END AS floor
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS t (user_id, device_id, stream, seq)
        LEFT JOIN streams AS s ON s.stream = t.stream
        LEFT JOIN cursors AS u ON u.user_id = t.user_id AND u.device_id = '' AND u.stream = t.stream
        LEFT JOIN room_members AS m ON t.stream LIKE 'room:%' AND m.room_id = substr(t.stream, 6) AND m.user_id = t.user_id) AS places
      WHERE floor IS NOT NULL GROUP BY user_id, device_id, stream ORDER BY user_id COLLATE "C", device_id COLLATE "C", stream COLLATE "C"
      ON CONFLICT (user_id, device_id, stream) DO UPDATE SET written_seq = excluded.written_seq WHERE excluded.written_seq > c.written_seq`,
    values: [...columnsOf(rows), textArray(rows.map(({ stream }) => stream)), bigintArray(rows.map(({ seq }) => seq))],
  });
}

/** How many sessions of each reader end. */
function countReaders(calls: readonly CloseCall[]): readonly (ReaderId & { readonly count: number })[] {
  const groups = Map.groupBy(calls, ({ reader }) => JSON.stringify([reader.userId, reader.deviceId]));
  return [...groups.values()].flatMap((group) => group.slice(0, 1).map(({ reader }) => ({ ...reader, count: group.length })));
}

function columnsOf(readers: readonly ReaderId[]): readonly [Buffer, Buffer] {
  return [textArray(readers.map(({ userId }) => userId)), textArray(readers.map(({ deviceId }) => deviceId))];
}
