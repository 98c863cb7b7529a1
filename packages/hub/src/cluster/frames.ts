/**
 * What nodes tell each other, as text: a line of JSON, which begins with the version and the kind, and after it, for messages, their
 * contents as they are: content is JSON text, and quoting it again would double its quotes.
 *
 *     [1,"c",node,serial,lane,position,messages,news,entries]\n<contents>   a commit
 *     [1,"l",node,serial,position,events]\n                                 what is stored nowhere; `position`: the node's last one in lane 1
 *     [1,"e",node,serial,endedNode]\n                                       that node has ended; itself: goodbye
 *
 * `serial` counts the frames of a node, in the order of sending.
 */
import type { LiveEvent, PresenceEntry } from '../ports/cluster.ts';
import type { Commit, Lane, News, NodeId, SharedMessage } from '../ports/shared-store.ts';
import { placeOf, type StreamPosition } from '../ports/store.ts';

export const frameVersion = 1;

/** Longer content is not sent: the receivers that have readers of its stream read it from the log. */
export const contentCharactersMax = 4096;

interface Sent {
  readonly node: NodeId;
  readonly serial: number;
}

export interface CommitFrame extends Sent {
  readonly kind: 'commit';
  readonly lane: Lane;
  readonly position: number;
  readonly messages: readonly SharedMessage[];
  /** Of messages whose content was left out. */
  readonly heads: readonly StreamPosition[];
  readonly news: readonly News[];
  /** The users of the news, as they are on that node. */
  readonly entries: readonly PresenceEntry[];
}

export interface LiveFrame extends Sent {
  readonly kind: 'live';
  readonly position: number;
  readonly events: readonly LiveEvent[];
}

export interface EndedFrame extends Sent {
  readonly kind: 'ended';
  readonly ended: NodeId;
}

export type Frame = CommitFrame | LiveFrame | EndedFrame;

export function commitText(sent: Sent, commit: Commit, entries: readonly PresenceEntry[]): string {
  const { lane, position, messages, news } = commit;
  const contents = messages.map(({ content }) => (content.length > contentCharactersMax ? undefined : content));
  const rows = messages.map((message, index) => messageRow(message, contents[index]));
  return `${line('c', sent, lane, position, rows, news, entries)}${contents.join('')}`;
}

export function liveText(sent: Sent, position: number, events: readonly LiveEvent[]): string {
  return line('l', sent, position, events);
}

export function endedText(sent: Sent, ended: NodeId): string {
  return line('e', sent, ended);
}

function line(kind: string, { node, serial }: Sent, ...rest: readonly unknown[]): string {
  return `${JSON.stringify([frameVersion, kind, node, serial, ...rest])}\n`;
}

/** Undefined if it is none of this version. Never throws. */
export function parseFrame(text: string): Frame | undefined {
  const end = text.indexOf('\n');
  try {
    const header: unknown = JSON.parse(text.slice(0, end));
    return Array.isArray(header) && header[0] === frameVersion ? frameOf(header.slice(1), text.slice(end + 1)) : undefined;
  } catch {
    return undefined;
  }
}

function frameOf([kind, node, serial, ...rest]: readonly unknown[], contents: string): Frame | undefined {
  if (!isCount(node) || !isCount(serial)) return undefined;
  if (kind === 'c') return commitFrame({ node, serial }, rest, contents);
  if (kind === 'l') {
    const [position, events] = rest;
    return isCount(position) && Array.isArray(events)
      ? { kind: 'live', node, serial, position, events: events.filter(hasKind) }
      : undefined;
  }
  const [ended] = rest;
  return kind === 'e' && isCount(ended) ? { kind: 'ended', node, serial, ended } : undefined;
}

/** What is inside the lists was written by a node of the same version, as the seal says, so only its outline is checked. */
function commitFrame(sent: Sent, rest: readonly unknown[], contents: string): CommitFrame | undefined {
  const [lane, position, rows, news, entries] = rest;
  if (lane !== 0 && lane !== 1) return undefined;
  if (!isCount(position) || !Array.isArray(rows) || !Array.isArray(news) || !Array.isArray(entries)) return undefined;
  const messages: SharedMessage[] = [];
  const heads: StreamPosition[] = [];
  let offset = 0;
  for (const row of rows as readonly MessageRow[]) {
    const [stream, seq, , , , , , , , length] = row;
    if (typeof stream !== 'string' || !isCount(seq)) return undefined;
    if (length === null) heads.push({ stream, seq });
    else {
      messages.push(messageOf(row, contents.slice(offset, offset + length)));
      offset += length;
    }
  }
  if (offset !== contents.length) return undefined;
  return { kind: 'commit', ...sent, lane, position, messages, heads, news: news.filter(hasKind), entries };
}

type MessageRow = readonly [
  stream: string,
  seq: number,
  id: number,
  senderId: string,
  type: string,
  createdAtMs: number,
  clientMsgId: string | null,
  echo: boolean,
  membersVersion: number | null,
  contentLength: number | null,
];

function messageRow(message: SharedMessage, content: string | undefined): MessageRow {
  const { stream, seq, id, senderId, type, createdAtMs, clientMsgId, echo, membersVersion } = message;
  return [stream, seq, id, senderId, type, createdAtMs, clientMsgId ?? null, echo, membersVersion ?? null, content?.length ?? null];
}

function messageOf(row: MessageRow, content: string): SharedMessage {
  const [stream, seq, id, senderId, type, createdAtMs, clientMsgId, echo, membersVersion] = row;
  const place = placeOf(stream);
  return {
    ...{ id, stream, seq, senderId, ...place, type, content, createdAtMs },
    ...{ clientMsgId: clientMsgId ?? undefined, echo, membersVersion: membersVersion ?? undefined },
  };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value);

function hasKind(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value;
}
