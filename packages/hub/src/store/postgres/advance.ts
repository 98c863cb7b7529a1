/** Moves cursors forward, many at a time, and finds the receipts of what that delivered. */
import { type CursorAdvance, type DeliveryReceipt, inboxOf } from '../../ports/store.ts';
import type { Outcome } from '../outcome.ts';
import { sortedByBytes } from './append.ts';
import { bigintArray, doubleArray, textArray } from './arrays.ts';
import type { Sql } from './connection.ts';
import type { GroupResult } from './open-readers.ts';

export interface AdvanceCall {
  readonly kind: 'advance';
  readonly advances: readonly CursorAdvance[];
  readonly nowMs: number;
}

/** Where a user stands in a stream before the calls. */
interface Place {
  readonly key: string;
  readonly userId: string;
  readonly stream: string;
  readonly head: number;
  /** Null: the user does not read it (any more). */
  readonly floor: number | null;
  readonly received: number | null;
}

/** A move of an inbox's cursor. */
interface Delivery {
  readonly call: number;
  readonly stream: string;
  readonly afterSeq: number;
  readonly seq: number;
  readonly nowMs: number;
}

export async function advanceCursors(sql: Sql, calls: readonly AdvanceCall[]): Promise<GroupResult> {
  const places = await readPlaces(sql, calls);
  const placeOf = ({ userId, stream }: CursorAdvance): Place | undefined => places.get(keyOf(userId, stream));
  const isOutOfRange = (call: AdvanceCall): boolean => call.advances.some((one) => one.seq > (placeOf(one)?.head ?? 0));
  const refused = new Set(calls.filter(isOutOfRange));
  const moves = new Moves();
  const deliveries = calls.flatMap((call, index) =>
    (refused.has(call) ? [] : call.advances).flatMap((advance): Delivery[] => {
      const place = placeOf(advance);
      if (place === undefined || place.floor === null || advance.seq <= place.floor) return [];
      const afterSeq = moves.add(advance, place);
      const isDelivery = afterSeq < advance.seq && advance.stream === inboxOf(advance.userId);
      return isDelivery ? [{ call: index, stream: advance.stream, afterSeq, seq: advance.seq, nowMs: call.nowMs }] : [];
    }),
  );
  await saveMoves(sql, moves.rows);
  const receipts = await deliver(sql, deliveries);
  const outcomeOf = (call: AdvanceCall, index: number): Outcome =>
    refused.has(call) ? { refusal: { code: 'ack_out_of_range' } } : { value: receipts.get(index) ?? [] };
  return { outcomes: calls.map(outcomeOf), news: [] };
}

const keyOf = (...names: readonly string[]): string => JSON.stringify(names);

/** Locks the users' own cursors, so that whatever is delivered is delivered once, on whichever node. */
async function readPlaces(sql: Sql, calls: readonly AdvanceCall[]): Promise<ReadonlyMap<string, Place>> {
  const wanted = new Map(calls.flatMap(({ advances }) => advances.map((one) => [keyOf(one.userId, one.stream), one] as const)));
  const ordered = sortedByBytes([...wanted.keys()]).flatMap((key) => wanted.get(key) ?? []);
  const columns = [textArray(ordered.map(({ userId }) => userId)), textArray(ordered.map(({ stream }) => stream))];
  await sql.query({
    name: 'advance_begin',
    text: `
      INSERT INTO cursors AS c (user_id, device_id, stream, received_seq, written_seq)
      SELECT t.user_id, '', t.stream, f.floor, f.floor FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (user_id, stream, place)
      CROSS JOIN LATERAL (SELECT CASE WHEN t.stream = 'user:' || t.user_id
        THEN coalesce((SELECT floor_seq FROM streams AS s WHERE s.stream = t.stream), 0)
        ELSE (SELECT joined_seq FROM room_members AS m WHERE t.stream LIKE 'room:%' AND m.room_id = substr(t.stream, 6) AND m.user_id = t.user_id)
        END AS floor) AS f
      WHERE f.floor IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM cursors AS o WHERE o.user_id = t.user_id AND o.device_id = '' AND o.stream = t.stream)
      ORDER BY t.place ON CONFLICT DO NOTHING`,
    values: columns,
  });
  const rows = await sql.query<Omit<Place, 'key'>>({
    name: 'advance_places',
    text: `
      SELECT t.user_id AS "userId", t.stream, coalesce(s.last_seq, 0) AS head, c.received_seq AS received,
        CASE WHEN t.stream = 'user:' || t.user_id THEN 0 ELSE (
          SELECT joined_seq FROM room_members AS m WHERE t.stream LIKE 'room:%' AND m.room_id = substr(t.stream, 6) AND m.user_id = t.user_id
        ) END AS floor
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (user_id, stream, place)
      JOIN cursors AS c ON c.user_id = t.user_id AND c.device_id = '' AND c.stream = t.stream
      LEFT JOIN streams AS s ON s.stream = t.stream
      ORDER BY t.place FOR UPDATE OF c`,
    values: columns,
  });
  const known = new Map(rows.map((row) => [keyOf(row.userId, row.stream), { ...row, key: keyOf(row.userId, row.stream) }]));
  // Without a cursor the user does not read the stream, but its head still says what is out of range.
  const others = ordered.filter(({ userId, stream }) => !known.has(keyOf(userId, stream)));
  for (const { stream, seq } of await readHeads(sql, others)) {
    for (const { userId } of others.filter((one) => one.stream === stream)) {
      const key = keyOf(userId, stream);
      known.set(key, { key, userId, stream, head: seq, floor: null, received: null });
    }
  }
  return known;
}

function readHeads(sql: Sql, advances: readonly CursorAdvance[]): Promise<readonly { stream: string; seq: number }[]> {
  if (advances.length === 0) return Promise.resolve([]);
  return sql.query({
    name: 'advance_heads',
    text: 'SELECT stream, last_seq AS seq FROM streams WHERE stream = ANY ($1)',
    values: [textArray(advances.map(({ stream }) => stream))],
  });
}

interface CursorRow {
  readonly userId: string;
  readonly deviceId: string;
  readonly stream: string;
  readonly seq: number;
}

/** The new places of the cursors that move. */
class Moves {
  readonly #rows = new Map<string, CursorRow>();

  get rows(): readonly CursorRow[] {
    return sortedByBytes([...this.#rows.keys()]).flatMap((key) => this.#rows.get(key) ?? []);
  }

  /** Returns where the user stood before. */
  add(advance: CursorAdvance, place: Place): number {
    const { userId, deviceId, stream } = advance;
    const before = this.#rows.get(keyOf(userId, '', stream))?.seq ?? Math.max(place.received ?? 0, place.floor ?? 0);
    this.#raise(keyOf(userId, deviceId, stream), advance);
    this.#raise(keyOf(userId, '', stream), { ...advance, deviceId: '', seq: Math.max(before, advance.seq) });
    return before;
  }

  #raise(key: string, row: CursorRow): void {
    if ((this.#rows.get(key)?.seq ?? -1) < row.seq) this.#rows.set(key, row);
  }
}

async function saveMoves(sql: Sql, rows: readonly CursorRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql.query({
    name: 'advance_save',
    text: `
      INSERT INTO cursors AS c (user_id, device_id, stream, received_seq, written_seq)
      SELECT user_id, device_id, stream, seq, seq FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS t (user_id, device_id, stream, seq)
      ON CONFLICT (user_id, device_id, stream) DO UPDATE SET received_seq = excluded.received_seq
      WHERE excluded.received_seq > c.received_seq`,
    values: [
      textArray(rows.map(({ userId }) => userId)),
      textArray(rows.map(({ deviceId }) => deviceId)),
      textArray(rows.map(({ stream }) => stream)),
      bigintArray(rows.map(({ seq }) => seq)),
    ],
  });
}

/** Notes when, and finds the messages that asked for a receipt; by call. */
async function deliver(sql: Sql, deliveries: readonly Delivery[]): Promise<ReadonlyMap<number, readonly DeliveryReceipt[]>> {
  if (deliveries.length === 0) return new Map();
  const streams = textArray(deliveries.map(({ stream }) => stream));
  const seqs = bigintArray(deliveries.map(({ seq }) => seq));
  await sql.query({
    name: 'deliver_note',
    text: `INSERT INTO deliveries (stream, seq, delivered_at)
      SELECT * FROM unnest($1::text[], $2::bigint[], $3::double precision[]) ON CONFLICT DO NOTHING`,
    values: [streams, seqs, doubleArray(deliveries.map(({ nowMs }) => nowMs))],
  });
  const rows = await sql.query<Omit<DeliveryReceipt, 'deliveredAtMs'> & { place: number }>({
    name: 'deliver_receipts',
    text: `
      SELECT t.place::int AS place, m.id AS "messageId", m.seq, m.sender_id AS "senderId", m.recipient_id AS "recipientId"
      FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS t (stream, after_seq, seq, place)
      JOIN messages AS m ON m.stream = t.stream AND m.seq > t.after_seq AND m.seq <= t.seq AND m.receipt
      ORDER BY t.place, m.seq`,
    values: [streams, bigintArray(deliveries.map(({ afterSeq }) => afterSeq)), seqs],
  });
  const receipts = new Map<number, DeliveryReceipt[]>();
  for (const { place, ...row } of rows) {
    const delivery = deliveries[place - 1];
    if (delivery === undefined) continue;
    const known = receipts.get(delivery.call) ?? [];
    receipts.set(delivery.call, [...known, { ...row, deliveredAtMs: delivery.nowMs }]);
  }
  return receipts;
}
