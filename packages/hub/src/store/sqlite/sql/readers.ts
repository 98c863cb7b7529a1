/**
 * Readers and their cursors.
 *
 * - The cursor of a user is the row of device `''`; a device's move takes it along (I4: rows only grow).
 * - A row of `readers` with `is_open` is a reader that is open, or was when a hub was killed. Either way everything up to
 *   the head may have been written to it, which `openReader` then records. The other rows say when a reader was last used.
 * - A device is known by its row for the inbox. In rooms that its user joined later it starts at the join.
 * - Any other cursor without a row stands where its stream begins for the user. So the commonest of all readers, a user
 *   that has received nothing yet, has a row in `readers` only.
 */
import type { Database } from 'better-sqlite3';
import {
  type CursorAdvance,
  type DeliveryReceipt,
  inboxOf,
  type OpenedReader,
  type ReaderId,
  type ReaderStream,
  type StreamId,
  timelineOf,
} from '../../../ports/store.ts';
import { Refused } from '../../outcome.ts';
import type { Writes } from '../thread/calls.ts';
import { createSenderCounts } from './sender-counts.ts';
import { textParameter } from './sqlite.ts';
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
  const { db, counters, opened } = context;
  const look = createLook(context);
  const saveCursor = createSaveCursor(context);
  const makeSpace = createMakeDeviceSpace(context);
  const mark = db.prepare<[string, string, number, number]>(`
    INSERT INTO readers (user_id, device_id, opened_at, is_open, used_at) VALUES (?, ?, ?, 1, ?)
    ON CONFLICT DO UPDATE SET is_open = 1, opened_at = excluded.opened_at, used_at = excluded.used_at`);
  const markUser = db.prepare<[string, number]>(
    "INSERT INTO readers (user_id, device_id, opened_at, is_open, used_at) VALUES (?, '', 0, 0, ?) ON CONFLICT DO NOTHING",
  );

  return (reader, nowMs) => {
    const { result, moved, isNewDevice } = look(reader);
    const usedAtMs = counters.get('retention_time');
    if (isNewDevice) makeSpace(reader.userId, reader.deviceId);
    mark.run(reader.userId, reader.deviceId, nowMs, usedAtMs);
    if (reader.deviceId !== '') markUser.run(reader.userId, usedAtMs);
    for (const cursor of moved) saveCursor(reader, cursor);
    opened.add(reader);
    return result;
  };
}

/** What `openReader` answers where nothing can be written: nothing of it is remembered. */
export function createPeekReader(context: WriteContext): (reader: ReaderId) => OpenedReader {
  const look = createLook(context);
  return (reader) => look(reader).result;
}

interface Look {
  readonly result: OpenedReader;
  /** To be saved with it. */
  readonly moved: readonly Cursor[];
  readonly isNewDevice: boolean;
}

/** Where a reader stands, and what has to be saved if it is opened. */
function createLook({ db, streams }: WriteContext): (reader: ReaderId) => Look {
  const readable = createReadable(db);
  const cursors = createCursors(db);
  const states = createStates(db);
  const isOpen = db.prepare<[string, string], unknown>('SELECT 1 FROM readers WHERE user_id = ? AND device_id = ? AND is_open = 1');
  const countSilent = db.prepare<[string, string, number], { count: number }>(
    'SELECT count(*) AS count FROM messages WHERE stream = ? AND sender_id = ? AND seq > ? AND echo = 0',
  );

  return (reader) => {
    const { userId, deviceId } = reader;
    const mayHaveAll = isOpen.get(userId, deviceId) !== undefined;
    const own = cursors(reader);
    const inbox = inboxOf(userId);
    const isNewDevice = deviceId !== '' && !own.has(inbox);
    const start = isNewDevice ? cursors({ userId, deviceId: '' }) : own;
    const moved: Cursor[] = [];

    const placeIn = ({ stream, floor }: ReadableStream): ReaderStream => {
      const { lastSeq: head, trimmedSeq } = streams.get(stream);
      const received = start.get(stream)?.received ?? floor;
      // A cursor beyond the head is damaged: rather deliver again than lose.
      const stood = received > head ? floor : Math.max(floor, received);
      const cursor = Math.max(stood, trimmedSeq);
      const before = own.get(stream) ?? { received: floor, written: floor };
      const writtenBefore = Math.max(cursor, before.written);
      const written = mayHaveAll ? head : writtenBefore;
      const hasMoved = cursor !== before.received || written !== writtenBefore;
      if (hasMoved || (isNewDevice && stream === inbox)) moved.push({ stream, received: cursor, written });
      const silent = cursor < head ? (countSilent.get(stream, userId, cursor)?.count ?? 0) : 0;
      return { stream, cursor, head, written, queued: head - cursor - silent, missed: cursor - stood };
    };
    // Without a cursor the inbox begins where readers stood that were forgotten.
    const inboxFloor = start.has(inbox) ? 0 : streams.get(inbox).deliveredSeq;
    const places = [{ stream: inbox, floor: inboxFloor }, ...readable(userId)].map(placeIn);
    return { result: { streams: places, state: states([userId])[0] }, moved, isNewDevice };
  };
}

/** Holds a user to `devicesPerUserMax` before a new device comes: the one that was unused for longest is forgotten. */
function createMakeDeviceSpace({ db, limits }: WriteContext): (userId: string, newDeviceId: string) => void {
  const excess = db.prepare<[string, string, number], { device_id: string }>(`
    SELECT device_id FROM readers WHERE user_id = ${textParameter} AND device_id NOT IN ('', ${textParameter})
    ORDER BY is_open DESC, used_at DESC, opened_at DESC, device_id DESC LIMIT -1 OFFSET CAST(? AS INTEGER)`);
  const forget = createForgetDevice(db);
  return (userId, newDeviceId) => {
    for (const { device_id } of excess.all(userId, newDeviceId, limits.devicesPerUserMax - 1)) forget(userId, device_id);
  };
}

/** With its cursors. If it comes back it starts where its user stands. */
export function createForgetDevice(db: Database): (userId: string, deviceId: string) => void {
  const removeCursors = db.prepare<[string, string]>('DELETE FROM cursors WHERE user_id = ? AND device_id = ?');
  const remove = db.prepare<[string, string]>('DELETE FROM readers WHERE user_id = ? AND device_id = ?');
  return (userId, deviceId) => {
    removeCursors.run(userId, deviceId);
    remove.run(userId, deviceId);
  };
}

/** The rooms, in the order in which the user joined them. */
function createReadable(db: Database): (userId: string) => readonly ReadableStream[] {
  const rooms = db.prepare<[string], { room_id: string; joined_seq: number }>(
    `SELECT room_id, joined_seq FROM room_members WHERE user_id = ${textParameter} ORDER BY ordinal`,
  );
  return (userId) => rooms.all(userId).map((row) => ({ stream: timelineOf(row.room_id), floor: row.joined_seq }));
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
    streams.set(stream, { ...streams.get(stream), senders: undefined, deliveredSeq: received });
  };
}

function createCloseReader({ db, streams, access, counters, opened }: WriteContext): Writes['closeReader'] {
  const floorOf = createFloorOf(access);
  const markClosed = db.prepare<[number, string, string]>(
    'UPDATE readers SET is_open = 0, used_at = ? WHERE user_id = ? AND device_id = ?',
  );
  const record = db.prepare<[string, string, string, number, number]>(`
    INSERT INTO cursors (user_id, device_id, stream, received_seq, written_seq) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET written_seq = excluded.written_seq WHERE excluded.written_seq > written_seq`);

  return ({ userId, deviceId }, written, last) => {
    for (const { stream, seq } of written) {
      // A device without a cursor stands where its user does.
      const floor = stream === inboxOf(userId) ? streams.get(stream).deliveredSeq : floorOf(userId, stream);
      if (floor === undefined) continue;
      record.run(userId, deviceId, stream, floor, Math.max(floor, Math.min(seq, streams.get(stream).lastSeq)));
    }
    if (!last) return;
    markClosed.run(counters.get('retention_time'), userId, deviceId);
    opened.delete({ userId, deviceId });
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
  const { passed } = createSenderCounts(db);
  const note = db.prepare<[string, number, number]>('INSERT OR IGNORE INTO deliveries (stream, seq, delivered_at) VALUES (?, ?, ?)');
  const receipts = db.prepare<[string, number, number], ReceiptRow>(`
    SELECT id AS messageId, seq, sender_id AS senderId, recipient_id AS recipientId
    FROM messages INDEXED BY messages_with_receipt
    WHERE stream = ${textParameter} AND seq > ? AND seq <= ? AND receipt = 1 ORDER BY seq`);

  return ({ stream, seq }, nowMs) => {
    const before = streams.get(stream);
    const after = passed(stream, before, { ...before, deliveredSeq: seq });
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
