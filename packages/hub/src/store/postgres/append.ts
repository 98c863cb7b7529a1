/** A batch of appends: what the function of the database is given, and what its answer means. */
import type { ErrorCode } from '@parley/protocol';
import type { NodeId, SharedMessage } from '../../ports/shared-store.ts';
import { type Appended, type AppendRequest, inboxOf, placeOf, type StoreLimits, type StreamId, timelineOf } from '../../ports/store.ts';
import type { Outcome } from '../outcome.ts';
import { bigintArray, doubleArray, intArray, textArray } from './arrays.ts';
import type { Sql, Statement } from './connection.ts';
import { baseChecksum } from './message-rows.ts';

/** `lanes` holds the same of a lane's last commit. */
export interface AppendAnswer {
  readonly base: number;
  readonly lasts: readonly number[];
  readonly versions: readonly number[] | null;
  readonly refused: Readonly<Record<string, ErrorCode | readonly [id: number, seq: number, createdAtMs: number]>> | null;
}

export interface AppendBatch {
  readonly requests: readonly AppendRequest[];
  /** In the order in which they are locked, each once. */
  readonly streams: readonly StreamId[];
  /** For each request the place of its stream, counted from 1. */
  readonly places: readonly number[];
}

const flag = { direct: 1, echo: 2, receipt: 4, trusted: 8, membersOnly: 16 };

export const streamOf = (request: AppendRequest): StreamId =>
  request.kind === 'direct' ? inboxOf(request.recipientId) : timelineOf(request.roomId);

/** No two requests may be the same sender's with the same `clientMsgId` in the same stream. */
export function appendBatch(requests: readonly AppendRequest[]): AppendBatch {
  const names = requests.map(streamOf);
  const streams = sortedByBytes([...new Set(names)]);
  const placeByName = new Map(streams.map((stream, index) => [stream, index + 1]));
  return { requests, streams, places: names.map((name) => placeByName.get(name) ?? 0) };
}

/** As the database orders names: by their bytes, which is the order of UTF-16 but where there are surrogates. */
export function sortedByBytes(names: readonly string[]): string[] {
  if (!names.some((name) => /[\ud800-\uffff]/.test(name))) return names.toSorted();
  return names
    .map((name) => ({ name, bytes: Buffer.from(name) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ name }) => name);
}

export async function append(
  sql: Sql,
  batch: AppendBatch,
  lane: { node: NodeId; position: number },
  limits: StoreLimits,
): Promise<AppendAnswer> {
  const [row] = await sql.query<AppendAnswer>(statementOf(batch, lane, limits));
  if (row === undefined) throw new Error('the database answered nothing to an append');
  return row;
}

const text = `SELECT o_base AS base, o_lasts AS lasts, o_versions AS versions, o_refused AS refused
  FROM parley_append(${Array.from({ length: 19 }, (_, index) => `$${index + 1}`).join(', ')})`;

function statementOf({ requests, streams, places }: AppendBatch, lane: { node: NodeId; position: number }, limits: StoreLimits): Statement {
  const counts = streams.map(() => 0);
  const ranks = places.map((place) => {
    const rank = (counts[place - 1] ?? 0) + 1;
    counts[place - 1] = rank;
    return rank;
  });
  const values = [
    lane.node,
    lane.position,
    textArray(streams),
    intArray(counts),
    requests.some(({ kind }) => kind === 'room'),
    requests.some(({ clientMsgId }) => clientMsgId !== undefined),
    intArray(places),
    intArray(ranks),
    textArray(requests.map(({ senderId }) => senderId)),
    textArray(requests.map(({ type }) => type)),
    doubleArray(requests.map(({ createdAtMs }) => createdAtMs)),
    doubleArray(requests.map(({ storedAtMs }) => storedAtMs)),
    textArray(requests.map(({ clientMsgId }) => clientMsgId ?? null)),
    intArray(requests.map(flagsOf)),
    bigintArray(requests.map(checksumOf)),
    textArray(requests.map(({ content }) => content)),
    limits.queueMessagesMax,
    limits.senderQueueMessagesMax,
    limits.queueOverflow === 'drop_oldest',
  ];
  return { name: 'append', text, values };
}

function flagsOf(request: AppendRequest): number {
  return request.kind === 'direct'
    ? flag.direct | flag.echo | (request.receipt ? flag.receipt : 0) | (request.trusted ? flag.trusted : 0)
    : (request.echo ? flag.echo : 0) | (request.membersOnly ? flag.membersOnly : 0);
}

const echoOf = (request: AppendRequest): boolean => request.kind === 'direct' || request.echo;

function checksumOf(request: AppendRequest): number {
  const { senderId, type, content, createdAtMs, clientMsgId = null } = request;
  return baseChecksum({ stream: streamOf(request), senderId, type, content, createdAtMs, clientMsgId, echo: echoOf(request) });
}

export interface AppendResult {
  /** One for each request: an `Appended`, or why not. */
  readonly outcomes: readonly Outcome[];
  /** What is new, in the order of the calls. */
  readonly messages: readonly SharedMessage[];
}

export function resultOf({ requests, streams, places }: AppendBatch, { base, lasts, versions, refused }: AppendAnswer): AppendResult {
  // The head of each stream before the batch, which grows to the one after it.
  const heads = [...lasts];
  places.forEach((place, index) => {
    if (refused?.[index + 1] === undefined) heads[place - 1] = (heads[place - 1] ?? 0) - 1;
  });
  const messages: SharedMessage[] = [];
  const outcomes = requests.map((request, index): Outcome => {
    const place = places[index] ?? 0;
    const verdict = refused?.[index + 1];
    if (typeof verdict === 'string') return { refusal: { code: verdict } };
    if (verdict !== undefined) {
      const [id, seq, createdAtMs] = verdict;
      return { value: { id, seq, createdAtMs, duplicate: true } satisfies Appended };
    }
    const seq = (heads[place - 1] ?? 0) + 1;
    heads[place - 1] = seq;
    const appended: Appended = { id: base + index + 1, seq, createdAtMs: request.createdAtMs, duplicate: false };
    messages.push(sharedMessage(request, appended, streams[place - 1] ?? '', versions?.[place - 1]));
    return { value: appended };
  });
  return { outcomes, messages };
}

function sharedMessage(request: AppendRequest, { id, seq }: Appended, stream: StreamId, version: number | undefined): SharedMessage {
  const { senderId, type, content, createdAtMs, clientMsgId } = request;
  const message = { id, stream, seq, senderId, type, content, createdAtMs, clientMsgId, echo: echoOf(request), ...placeOf(stream) };
  return request.kind === 'direct' ? message : { ...message, membersVersion: version };
}

/** The same message sent again while the first waits: the first of each, and the others. */
export function repetitionsIn(requests: readonly AppendRequest[]): {
  readonly first: readonly number[];
  readonly again: ReadonlyMap<number, number>;
} {
  const seen = new Map<string, number>();
  const again = new Map<number, number>();
  const first = requests.flatMap((request, index) => {
    if (request.clientMsgId === undefined) return [index];
    const key = JSON.stringify([streamOf(request), request.senderId, request.clientMsgId]);
    const earlier = seen.get(key);
    if (earlier !== undefined) again.set(index, earlier);
    else seen.set(key, index);
    return earlier === undefined ? [index] : [];
  });
  return { first, again };
}
