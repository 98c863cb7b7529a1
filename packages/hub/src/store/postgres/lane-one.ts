/**
 * What is written through lane 1: sessions, cursors, rooms and states. A batch is one transaction; calls of one kind that follow one
 * another are one group, which takes a few statements however many they are. A refusal fails its own call only.
 */
import type { Lane as LaneNumber, News, NodeId } from '../../ports/shared-store.ts';
import { type StreamId, timelineOf, type UserState } from '../../ports/store.ts';
import { type Outcome, Refused, toRefusal } from '../outcome.ts';
import { type AdvanceCall, advanceCursors } from './advance.ts';
import { sortedByBytes } from './append.ts';
import { textArray } from './arrays.ts';
import { type CloseCall, closeReaders } from './close-readers.ts';
import type { Sql } from './connection.ts';
import { otherPosition } from './lane.ts';
import { type GroupResult, type OpenCall, openReaders, type SessionLimits } from './open-readers.ts';
import type { Written } from './rooms.ts';
import { saveStates } from './states.ts';

export interface RoomCall {
  readonly kind: 'room';
  readonly roomId: string;
  readonly run: (sql: Sql) => Promise<Written<unknown>>;
}

export interface StatesCall {
  readonly kind: 'states';
  readonly states: readonly UserState[];
}

export type OtherCall = OpenCall | CloseCall | AdvanceCall | RoomCall | StatesCall;

const lane: LaneNumber = 1;

/** All of it, in one transaction that raises the lane's position. `onAnswers` is called before it is committed. */
export async function commitOthers(
  sql: Sql,
  calls: readonly OtherCall[],
  { node, position }: { readonly node: NodeId; readonly position: number },
  limits: SessionLimits,
  onAnswers: (result: GroupResult) => void,
): Promise<void> {
  await sql.query({ text: 'BEGIN', values: [] });
  try {
    await takePosition(sql, node, position);
    await lockRooms(sql, calls);
    const outcomes: Outcome[] = [];
    const news: News[] = [];
    for (const group of groupsOf(calls)) {
      const result = await runGroup(sql, node, group, limits);
      outcomes.push(...result.outcomes);
      news.push(...result.news);
    }
    onAnswers({ outcomes, news });
    await sql.query({ text: 'COMMIT', values: [] });
  } catch (error) {
    // On a connection that is lost the server does so by itself.
    await sql.query({ text: 'ROLLBACK', values: [] }).catch(() => {});
    throw error;
  }
}

async function takePosition(sql: Sql, node: NodeId, position: number): Promise<void> {
  const rows = await sql.query({
    name: 'take_position',
    text: 'UPDATE lanes SET position = $3 WHERE node_id = $1 AND lane = $2 AND position = $3 - 1 RETURNING position',
    values: [node, lane, position],
  });
  if (rows.length === 0) throw Object.assign(new Error('another position'), { code: otherPosition });
}

/** Before everything else, and in the order in which appends lock them, so that none waits for the other in a circle. */
async function lockRooms(sql: Sql, calls: readonly OtherCall[]): Promise<void> {
  const streams = [...new Set(calls.flatMap((call): StreamId[] => (call.kind === 'room' ? [timelineOf(call.roomId)] : [])))];
  if (streams.length === 0 || calls.length < 2) return;
  await sql.query({
    name: 'lock_rooms',
    text: `SELECT 1 FROM unnest($1::text[]) WITH ORDINALITY AS t (stream, place) JOIN streams AS s ON s.stream = t.stream
      ORDER BY t.place FOR UPDATE OF s`,
    values: [textArray(sortedByBytes(streams))],
  });
}

type Group = readonly [OtherCall, ...OtherCall[]];

/** Runs of one kind, in order. Two calls that open a reader of the same user are not of one group. */
function groupsOf(calls: readonly OtherCall[]): readonly Group[] {
  const groups: [OtherCall, ...OtherCall[]][] = [];
  let users = new Set<string>();
  for (const call of calls) {
    const group = groups.at(-1);
    const isAgain = call.kind === 'open' && users.has(call.reader.userId);
    if (group !== undefined && group[0].kind === call.kind && !isAgain) group.push(call);
    else {
      groups.push([call]);
      users = new Set();
    }
    if (call.kind === 'open') users.add(call.reader.userId);
  }
  return groups;
}

async function runGroup(sql: Sql, node: NodeId, group: Group, limits: SessionLimits): Promise<GroupResult> {
  const isKind = <K extends OtherCall['kind']>(kind: K) =>
    group.filter((call): call is Extract<OtherCall, { kind: K }> => call.kind === kind);
  switch (group[0].kind) {
    case 'open':
      return openReaders(sql, node, isKind('open'), limits);
    case 'close':
      return closeReaders(sql, node, isKind('close'));
    case 'advance':
      return advanceCursors(sql, isKind('advance'));
    case 'states': {
      const calls = isKind('states');
      const { news } = await saveStates(
        sql,
        calls.flatMap(({ states }) => states),
      );
      return { outcomes: calls.map(() => ({ value: undefined })), news };
    }
    case 'room':
      return runRooms(sql, isKind('room'));
  }
}

async function runRooms(sql: Sql, calls: readonly RoomCall[]): Promise<GroupResult> {
  const outcomes: Outcome[] = [];
  const news: News[] = [];
  for (const call of calls) {
    try {
      const written = await call.run(sql);
      outcomes.push({ value: written.value });
      news.push(...written.news);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      outcomes.push({ refusal: toRefusal(error) });
    }
  }
  return { outcomes, news };
}
