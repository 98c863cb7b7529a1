import type { HistoryMessage, HistoryPage, HistoryQuery, Store, StoreCounts, StoredMessage } from '@parley/hub';
import { inboxOf, timelineOf } from '@parley/hub';
import { type MemoryMessage, type MemoryState, requireMember, streamOf, undeliveredTo, visible } from './memory-state.ts';

const encoder = new TextEncoder();

export function readStream(state: MemoryState, query: Parameters<Store['readStream']>[0]): readonly StoredMessage[] {
  const found = visible(query.stream, streamOf(state, query.stream)).filter(({ seq }) => seq > query.afterSeq && seq <= query.uptoSeq);
  const page: StoredMessage[] = [];
  let bytes = 0;
  for (const message of found.slice(0, query.limit)) {
    bytes += encoder.encode(message.content).length;
    if (page.length > 0 && bytes > query.bytesMax) break;
    page.push(stored(message));
  }
  return page;
}

export function history(state: MemoryState, query: HistoryQuery): HistoryPage {
  const found = historyOf(state, query).filter(({ id }) => id > (query.afterId ?? 0) && id < (query.beforeId ?? Number.POSITIVE_INFINITY));
  const isForward = query.afterId !== undefined;
  const wanted = isForward ? found : found.toReversed();
  const page: HistoryMessage[] = [];
  let bytes = 0;
  for (const message of wanted.slice(0, query.limit)) {
    bytes += encoder.encode(message.content).length;
    if (page.length > 0 && bytes > query.bytesMax) break;
    page.push(toHistory(state, message));
  }
  return { messages: isForward ? page : page.reverse(), damaged: [], hasMore: found.length > page.length };
}

function historyOf(state: MemoryState, { userId, of }: HistoryQuery): readonly MemoryMessage[] {
  if ('roomId' in of) {
    requireMember(state, of.roomId, userId);
    return visible(timelineOf(of.roomId), streamOf(state, timelineOf(of.roomId)));
  }
  const received = (recipient: string, sender: string): readonly MemoryMessage[] =>
    streamOf(state, inboxOf(recipient)).messages.filter((message) => message.senderId === sender);
  const both =
    of.withUserId === userId ? received(userId, userId) : [...received(userId, of.withUserId), ...received(of.withUserId, userId)];
  return both.toSorted((a, b) => a.id - b.id);
}

function toHistory(state: MemoryState, message: MemoryMessage): HistoryMessage {
  const delivery = streamOf(state, message.stream).deliveries.find(({ seq }) => seq >= message.seq);
  return { ...stored(message), deliveredAtMs: delivery?.atMs };
}

function stored({ receipt: _receipt, storedAtMs: _storedAtMs, ...message }: MemoryMessage): StoredMessage {
  return message;
}

export function counts(state: MemoryState): StoreCounts {
  let queued = 0;
  let messages = 0;
  for (const [id, stream] of state.streams) {
    messages += stream.messages.length;
    if (id.startsWith(inboxOf(''))) queued += undeliveredTo(state, id.slice(inboxOf('').length));
  }
  return { messages, rooms: state.rooms.size, queued, expired: state.expired, dropped: state.dropped, damaged: 0 };
}
