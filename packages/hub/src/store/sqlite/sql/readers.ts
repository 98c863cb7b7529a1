/**
 * Readers and their cursors.
 *
 * - The cursor of a user is the row of device `''`; a device's move takes it along (I4: rows only grow).
 * - A row of `readers` is a reader that is open, or was when a hub was killed. Either way everything up to
 *   the head may have been written to it, which `openReader` then records.
 * - A device is known by its row for the inbox. In rooms that its user joined later it starts at the join.
 * - Any other cursor without a row stands where its stream begins for the user. So the commonest of all readers, a user
 *   that has received nothing yet, has a row in `readers` only.
 */
import type { Database } from 'better-sqlite3';
import {
  type CursorAdvance,
  type DeliveryReceipt,
  inboxOf,
  type ReaderId,
  type ReaderStream,
  type StreamId,
  timelineOf,
} from '../../../ports/store.ts';
import { Refused } from '../../outcome.ts';
import type { Writes } from '../thread/calls.ts';
import { textParameter } from './database.ts';
import { createStates } from './states.ts';
import { undelivered } from './stream-states.ts';
import type { WriteContext } from './write-context.ts';

interface Cursor {
  readonly stream: StreamId;
  readonly received: number;
  readonly written: number;
}

/** A stream that a user reads, and the lowest cursor that any of its readers can have there. */
interface ReadableStream {
  readonly stream: StreamId;
  readonly floor: number;
}

export function createReaders(context: WriteContext): Pick<Writes, 'openReader' | 'closeReader' | 'advance'> {
  return { openReader: createOpenReader(context), closeReader: createCloseReader(context), advance: createAdvance(context) };
}

function createOpenReader(context: WriteContext): Writes['openReader'] {
  const { db, streams } = context;
  const readable = createReadable(db);
  const cursors = createCursors(db);
  const saveCursor = createSaveCursor(context);
  const states = createStates(db);
  const markOpen = db.prepare<[string, string, number]>(
    'INSERT INTO readers (user_id, device_id, opened_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const countSilent = db.prepare<[string, string, number], { count: number }>(
    'SELECT count(*) AS count FROM messages WHERE stream = ? AND sender_id = ? AND seq > ? AND echo = 0',
  );

  return (reader, nowMs) => {
    const mayHaveAll = markOpen.run(reader.userId, reader.deviceId, nowMs).changes === 0;
    const own = cursors(reader);
    const inbox = inboxOf(reader.userId);
    const isNewDevice = reader.deviceId !== '' && !own.has(inbox);
    const start = isNewDevice ? cursors({ ...reader, deviceId: '' }) : own;

    const opened = readable(reader.userId).map(({ stream, floor }): ReaderStream => {
      const { lastSeq: head, trimmedSeq } = streams.get(stream);
      const stood = Math.max(floor, start.get(stream)?.received ?? floor);
      const cursor = Math.max(stood, trimmedSeq);
      const before = own.get(stream) ?? { received: floor, written: floor };
      const writtenBefore = Math.max(cursor, before.written);
      const written = mayHaveAll ? head : writtenBefore;
      const hasMoved = cursor !== before.received || written !== writtenBefore;
      if (hasMoved || (isNewDevice && stream === inbox)) saveCursor(reader, { stream, received: cursor, written });
      const silent = cursor < head ? (countSilent.get(stream, reader.userId, cursor)?.count ?? 0) : 0;
      return { stream, cursor, head, written, queued: head - cursor - silent, missed: cursor - stood };
    });
    return { streams: opened, state: states([reader.userId])[0] };
  };
}

/** The inbox, then the rooms in the order in which the user joined them. */
function createReadable(db: Database): (userId: string) => readonly ReadableStream[] {
  const rooms = db.prepare<[string], { room_id: string; joined_seq: number }>(
    `SELECT room_id, joined_seq FROM room_members WHERE user_id = ${textParameter} ORDER BY ordinal`,
  );
  return (userId) => [
    { stream: inboxOf(userId), floor: 0 },
    ...rooms.all(userId).map((row) => ({ stream: timelineOf(row.room_id), floor: row.joined_seq })),
  ];
}

function createCursors(db: Database): (reader: ReaderId) => ReadonlyMap<StreamId, Cursor> {
  const select = db.prepare<[string, string], Cursor>(
    'SELECT stream, received_seq AS received, written_seq AS written FROM cursors WHERE user_id = ? AND device_id = ?',
  );
  return ({ userId, deviceId }) => new Map(select.all(userId, deviceId).map((row) => [row.stream, row]));
}

function createSaveCursor({ db, streams }: WriteContext): (reader: ReaderId, cursor: Cursor) => void {
  const save = db.prepare<[string, string, string, number, number]>(
    'INSERT OR REPLACE INTO cursors (user_id, device_id, stream, received_seq, written_seq) VALUES (?, ?, ?, ?, ?)',
  );
  return ({ userId, deviceId }, { stream, received, written }) => {
    save.run(userId, deviceId, stream, received, written);
    if (deviceId !== '' || stream !== inboxOf(userId)) return;
    streams.set(stream, { ...streams.get(stream), deliveredSeq: received });
  };
}

function createCloseReader({ db, streams, access }: WriteContext): Writes['closeReader'] {
  const floorOf = createFloorOf(access);
  const markClosed = db.prepare<[string, string]>('DELETE FROM readers WHERE user_id = ? AND device_id = ?');
  const record = db.prepare<[string, string, string, number, number]>(`
    INSERT INTO cursors (user_id, device_id, stream, received_seq, written_seq) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET written_seq = excluded.written_seq WHERE excluded.written_seq > written_seq`);

  return ({ userId, deviceId }, written, last) => {
    for (const { stream, seq } of written) {
      const floor = floorOf(userId, stream);
      if (floor === undefined) continue;
      record.run(userId, deviceId, stream, floor, Math.max(floor, Math.min(seq, streams.get(stream).lastSeq)));
    }
    if (last) markClosed.run(userId, deviceId);
  };
}

function createAdvance(context: WriteContext): Writes['advance'] {
  const { db, streams, access } = context;
  const floorOf = createFloorOf(access);
  const deliver = createDeliver(context);
  const raise = db.prepare<[string, string, string, number, number]>(`
    INSERT INTO cursors (user_id, device_id, stream, received_seq, written_seq) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET received_seq = excluded.received_seq WHERE excluded.received_seq > received_seq`);

  return (advances, nowMs) => {
    for (const { stream, seq } of advances) {
      if (seq > streams.get(stream).lastSeq) throw new Refused('ack_out_of_range');
    }
    return advances.flatMap(({ userId, deviceId, stream, seq }) => {
      const floor = floorOf(userId, stream);
      if (floor === undefined || seq <= floor) return [];
      if (deviceId !== '') raise.run(userId, deviceId, stream, seq, seq);
      const hasMoved = raise.run(userId, '', stream, seq, seq).changes > 0;
      return hasMoved && stream === inboxOf(userId) ? deliver({ userId, deviceId, stream, seq }, nowMs) : [];
    });
  };
}

interface ReceiptRow {
  readonly messageId: number;
  readonly seq: number;
  readonly senderId: string;
  readonly recipientId: string;
}

/** The user's inbox cursor has moved in the table: notes when, and finds the messages that asked for a receipt. */
function createDeliver({ db, streams, counters }: WriteContext): (advance: CursorAdvance, nowMs: number) => readonly DeliveryReceipt[] {
  const note = db.prepare<[string, number, number]>('INSERT OR IGNORE INTO deliveries (stream, seq, delivered_at) VALUES (?, ?, ?)');
  const receipts = db.prepare<[string, number, number], ReceiptRow>(`
    SELECT id AS messageId, seq, sender_id AS senderId, recipient_id AS recipientId
    FROM messages WHERE stream = ${textParameter} AND seq > ? AND seq <= ? AND receipt = 1 ORDER BY seq`);

  return ({ stream, seq }, nowMs) => {
    const before = streams.get(stream);
    const after = { ...before, deliveredSeq: seq };
    streams.set(stream, after);
    counters.add('queued', undelivered(after) - undelivered(before));
    note.run(stream, seq, nowMs);
    return receipts.all(stream, before.deliveredSeq, seq).map((row) => ({ ...row, deliveredAtMs: nowMs }));
  };
}

/** The lowest cursor of a user's readers in a stream; undefined if the user does not read it (any more). */
function createFloorOf({ joinedSeq }: WriteContext['access']): (userId: string, stream: StreamId) => number | undefined {
  return (userId, stream) => {
    if (stream === inboxOf(userId)) return 0;
    const roomPrefix = timelineOf('');
    return stream.startsWith(roomPrefix) ? joinedSeq(stream.slice(roomPrefix.length), userId) : undefined;
  };
}
