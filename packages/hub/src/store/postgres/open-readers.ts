/**
 * Opens readers, many at a time.
 *
 * - The cursor of a user is the row of device `''`; a device's move takes it along (I4: rows only grow).
 * - While another session of the reader is open anywhere, or one was when its node died, everything up to the head may have been written to it.
 * - A device is known by its row for the inbox. In rooms that its user joined later it starts at the join.
 * - Any other cursor without a row stands where its stream begins for the user.
 */
import type { News, NodeId } from '../../ports/shared-store.ts';
import type { OpenedReader, ReaderId, ReaderStream, StoreLimits, UserState } from '../../ports/store.ts';
import type { Outcome } from '../outcome.ts';
import { sortedByBytes } from './append.ts';
import { bigintArray, doubleArray, textArray } from './arrays.ts';
import type { Sql } from './connection.ts';
import { readStates } from './states.ts';

export interface OpenCall {
  readonly kind: 'open';
  readonly reader: ReaderId;
  readonly nowMs: number;
}

/** The value of an `OpenCall`. */
export interface Opened {
  readonly opened: OpenedReader;
  readonly mayHaveAll: boolean;
}

export interface GroupResult {
  /** One for each call. */
  readonly outcomes: readonly Outcome[];
  readonly news: readonly News[];
}

export type SessionLimits = Pick<StoreLimits, 'devicesPerUserMax'> & { readonly connectionsPerUserMax: number };

interface Session {
  readonly place: number;
  readonly isRefused: boolean;
  readonly mayHaveAll: boolean;
  readonly isNew: boolean;
}

interface PlaceRow {
  readonly call: number;
  readonly stream: string;
  readonly head: number;
  readonly trimmed: number;
  /** The lowest cursor that any of the user's readers can have there. */
  readonly floor: number;
  readonly ownReceived: number | null;
  readonly ownWritten: number | null;
  readonly startReceived: number | null;
  /** Null for an inbox. */
  readonly membersVersion: number | null;
}

/** No two calls may be of the same user. */
export async function openReaders(sql: Sql, node: NodeId, calls: readonly OpenCall[], limits: SessionLimits): Promise<GroupResult> {
  const sorted = sortedByUser(calls);
  const sessions = await openSessions(sql, node, sorted, limits);
  const allowed = sorted.filter((_, index) => sessions[index]?.isRefused === false);
  const allowedSessions = sessions.filter(({ isRefused }) => !isRefused);
  const userIds = allowed.map(({ reader }) => reader.userId);
  const places = await readPlaces(sql, allowed, allowedSessions);
  const states = new Map((await readStates(sql, userIds)).map((state) => [state.userId, state]));
  const opened = allowed.map((call, index) => standing(call, allowedSessions[index], places.get(index + 1) ?? []));
  await silence(sql, opened);
  await saveMoved(sql, opened);
  await forgetCrashed(
    sql,
    allowed.filter((_, index) => allowedSessions[index]?.mayHaveAll).map(({ reader }) => reader),
  );
  const outcomeOf = new Map<OpenCall, Outcome>(opened.map((one) => [one.call, { value: openedOf(one, states) }]));
  return {
    outcomes: calls.map((call): Outcome => outcomeOf.get(call) ?? { refusal: { code: 'connection_limit' } }),
    news: userIds.map((userId) => ({ kind: 'user', userId })),
  };
}

function sortedByUser(calls: readonly OpenCall[]): readonly OpenCall[] {
  const byUser = new Map(calls.map((call) => [call.reader.userId, call]));
  return sortedByBytes([...byUser.keys()]).flatMap((userId) => byUser.get(userId) ?? []);
}

function openSessions(sql: Sql, node: NodeId, calls: readonly OpenCall[], limits: SessionLimits): Promise<readonly Session[]> {
  return sql.query<Session>({
    name: 'open_sessions',
    text: `SELECT o_place AS place, o_is_refused AS "isRefused", o_may_have_all AS "mayHaveAll", o_is_new AS "isNew"
      FROM parley_open_sessions($1, $2, $3, $4, $5, $6)`,
    values: [
      node,
      textArray(calls.map(({ reader }) => reader.userId)),
      textArray(calls.map(({ reader }) => reader.deviceId)),
      doubleArray(calls.map(({ nowMs }) => nowMs)),
      limits.connectionsPerUserMax,
      limits.devicesPerUserMax,
    ],
  });
}

/** The inbox first, then the rooms in the order in which the user joined them. A new device starts where its user stands. */
async function readPlaces(sql: Sql, calls: readonly OpenCall[], sessions: readonly Session[]): Promise<ReadonlyMap<number, PlaceRow[]>> {
  const rows = await sql.query<PlaceRow>({
    name: 'open_places',
    text: `
      SELECT c.call::int AS call, r.stream, coalesce(s.last_seq, 0) AS head, coalesce(s.trimmed_seq, 0) AS trimmed,
        CASE WHEN r.joined IS NOT NULL THEN r.joined WHEN start.received_seq IS NOT NULL THEN 0 ELSE coalesce(s.floor_seq, 0) END AS floor,
        own.received_seq AS "ownReceived", own.written_seq AS "ownWritten", start.received_seq AS "startReceived",
        CASE WHEN r.joined IS NOT NULL THEN coalesce(s.members_version, 0) END AS "membersVersion"
      FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS c (user_id, device_id, start_id, call)
      CROSS JOIN LATERAL (
        SELECT 0::bigint AS place, 'user:' || c.user_id AS stream, NULL::bigint AS joined
        UNION ALL SELECT m.ordinal, 'room:' || m.room_id, m.joined_seq FROM room_members AS m WHERE m.user_id = c.user_id) AS r
      LEFT JOIN streams AS s ON s.stream = r.stream
      LEFT JOIN cursors AS own ON own.user_id = c.user_id AND own.device_id = c.device_id AND own.stream = r.stream
      LEFT JOIN cursors AS start ON start.user_id = c.user_id AND start.device_id = c.start_id AND start.stream = r.stream
      ORDER BY c.call, r.place`,
    values: [
      textArray(calls.map(({ reader }) => reader.userId)),
      textArray(calls.map(({ reader }) => reader.deviceId)),
      textArray(calls.map(({ reader }, index) => (sessions[index]?.isNew ? '' : reader.deviceId))),
    ],
  });
  return Map.groupBy(rows, ({ call }) => call);
}

/** Where one reader stands; `queued` is still to be lowered by what is not for it. */
interface Standing {
  readonly call: OpenCall;
  readonly mayHaveAll: boolean;
  readonly places: ReaderStream[];
  readonly moved: readonly ReaderStream[];
}

function standing(call: OpenCall, session: Session | undefined, rows: readonly PlaceRow[]): Standing {
  const mayHaveAll = session?.mayHaveAll ?? false;
  const moved: ReaderStream[] = [];
  const places = rows.map((row, index) => {
    const { stream, head, floor } = row;
    const received = row.startReceived ?? floor;
    // A cursor beyond the head is wrong: rather deliver again than lose.
    const stood = received > head ? floor : Math.max(floor, received);
    const cursor = Math.max(stood, row.trimmed);
    const writtenBefore = Math.max(cursor, row.ownWritten ?? floor);
    const written = mayHaveAll ? head : writtenBefore;
    const common = { stream, cursor, head, written, queued: head - cursor, missed: cursor - stood };
    const place = row.membersVersion === null ? common : { ...common, membersVersion: row.membersVersion };
    const hasMoved = cursor !== (row.ownReceived ?? floor) || written !== writtenBefore;
    if (hasMoved || (index === 0 && session?.isNew)) moved.push(place);
    return place;
  });
  return { call, mayHaveAll, places, moved };
}

/** Takes off what the readers themselves sent without echo. */
async function silence(sql: Sql, opened: readonly Standing[]): Promise<void> {
  const lagging = opened.flatMap(({ call, places }) =>
    places.flatMap((place, index) => (place.queued > 0 && index > 0 ? [{ places, index, place, userId: call.reader.userId }] : [])),
  );
  if (lagging.length === 0) return;
  const rows = await sql.query<{ place: number; count: number }>({
    name: 'open_silent',
    text: `
      SELECT t.place::int AS place, n.count FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS t (stream, user_id, seq, place)
      CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM messages AS m
        WHERE m.stream = t.stream AND m.sender_id = t.user_id AND m.seq > t.seq AND NOT m.echo) AS n
      WHERE n.count > 0`,
    values: [
      textArray(lagging.map(({ place }) => place.stream)),
      textArray(lagging.map(({ userId }) => userId)),
      bigintArray(lagging.map(({ place }) => place.cursor)),
    ],
  });
  for (const { place: number, count } of rows) {
    const found = lagging[number - 1];
    // What came since the heads were read is above them, and is counted when it is announced.
    if (found !== undefined) found.places[found.index] = { ...found.place, queued: Math.max(0, found.place.queued - count) };
  }
}

async function saveMoved(sql: Sql, opened: readonly Standing[]): Promise<void> {
  const rows = opened.flatMap(({ call: { reader }, moved }) => moved.map((place) => ({ ...reader, ...place })));
  if (rows.length === 0) return;
  await sql.query({
    name: 'open_save',
    text: `
      INSERT INTO cursors AS c (user_id, device_id, stream, received_seq, written_seq)
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
      ON CONFLICT (user_id, device_id, stream) DO UPDATE SET
        received_seq = greatest(c.received_seq, excluded.received_seq), written_seq = greatest(c.written_seq, excluded.written_seq)`,
    values: [
      textArray(rows.map(({ userId }) => userId)),
      textArray(rows.map(({ deviceId }) => deviceId)),
      textArray(rows.map(({ stream }) => stream)),
      bigintArray(rows.map(({ cursor }) => cursor)),
      bigintArray(rows.map(({ written }) => written)),
    ],
  });
}

/** That everything may have been written to them is now in their cursors. */
async function forgetCrashed(sql: Sql, readers: readonly ReaderId[]): Promise<void> {
  if (readers.length === 0) return;
  await sql.query({
    name: 'open_forget',
    text: 'DELETE FROM crashed_readers WHERE (user_id, device_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))',
    values: [textArray(readers.map(({ userId }) => userId)), textArray(readers.map(({ deviceId }) => deviceId))],
  });
}

function openedOf({ call, mayHaveAll, places }: Standing, states: ReadonlyMap<string, UserState>): Opened {
  return { opened: { streams: places, state: states.get(call.reader.userId) }, mayHaveAll };
}
