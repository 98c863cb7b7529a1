import type { OpenedReader, ReaderId, StoreLimits, StreamId, StreamPosition, UserState } from '@parley/hub';
import { inboxOf } from '@parley/hub';
import { cursorsOf, deliveredTo, type MemoryReader, type MemoryState, readableBy, readersOf, roomsOf, streamOf } from './memory-state.ts';

type Limits = Pick<StoreLimits, 'devicesPerUserMax'>;

export function openReader(state: MemoryState, { userId, deviceId }: ReaderId, nowMs: number, limits: Limits): OpenedReader {
  const inbox = inboxOf(userId);
  const own = cursorsOf(state, userId, deviceId);
  const isNewDevice = deviceId !== '' && !own.has(inbox);
  if (isNewDevice) makeDeviceSpace(state, userId, deviceId, limits);
  const start = isNewDevice ? cursorsOf(state, userId, '') : own;
  const mayHaveAll = readersOf(state, userId).get(deviceId)?.openEpoch !== undefined;
  readersOf(state, userId).set(deviceId, { openEpoch: state.epoch, openedAtMs: nowMs, usedAtMs: state.retentionTime });
  markUsed(state, userId);

  const placeIn = ([id, floor]: readonly [StreamId, number]) => {
    const { head, trimmed, messages } = streamOf(state, id);
    const received = Math.max(floor, start.get(id)?.received ?? (id === inbox ? deliveredTo(state, userId) : floor));
    const cursor = Math.max(received, trimmed);
    const written = mayHaveAll ? head : Math.max(cursor, own.get(id)?.written ?? 0);
    const withoutEcho = messages.filter((message) => message.seq > cursor && message.senderId === userId && !message.echo).length;
    return { stream: id, cursor, head, written, queued: head - cursor - withoutEcho, missed: cursor - received };
  };
  const streams = [...readableBy(state, userId)].map(placeIn);
  for (const { stream, cursor, written } of streams) own.set(stream, { received: cursor, written });
  return { streams, state: state.states.get(userId) };
}

export function closeReader(state: MemoryState, { userId, deviceId }: ReaderId, written: readonly StreamPosition[], last: boolean): void {
  const readable = readableBy(state, userId);
  const cursors = cursorsOf(state, userId, deviceId);
  for (const { stream, seq } of written) {
    const floor = stream === inboxOf(userId) ? deliveredTo(state, userId) : readable.get(stream);
    if (floor === undefined) continue;
    const cursor = cursors.get(stream) ?? { received: floor, written: floor };
    cursor.written = Math.max(cursor.written, Math.min(seq, streamOf(state, stream).head));
    cursors.set(stream, cursor);
  }
  const reader = readersOf(state, userId).get(deviceId);
  if (last && reader !== undefined)
    readersOf(state, userId).set(deviceId, { ...reader, openEpoch: undefined, usedAtMs: state.retentionTime });
}

export function saveStates(state: MemoryState, states: readonly UserState[]): void {
  for (const one of states) {
    state.states.set(one.userId, one);
    markUsed(state, one.userId);
  }
}

/** A user is known by a reader of its own, whatever it used. */
function markUsed(state: MemoryState, userId: string): void {
  const readers = readersOf(state, userId);
  if (!readers.has('')) readers.set('', { openEpoch: undefined, openedAtMs: 0, usedAtMs: state.retentionTime });
}

/** The device that was unused for longest goes for a new one. */
function makeDeviceSpace(state: MemoryState, userId: string, newDeviceId: string, { devicesPerUserMax }: Limits): void {
  const isOpen = ({ openEpoch }: MemoryReader): number => Number(openEpoch !== undefined);
  const byUse = [...readersOf(state, userId)]
    .filter(([deviceId]) => deviceId !== '' && deviceId !== newDeviceId)
    .sort(([idA, a], [idB, b]) => isOpen(b) - isOpen(a) || b.usedAtMs - a.usedAtMs || b.openedAtMs - a.openedAtMs || (idA < idB ? 1 : -1));
  for (const [deviceId] of byUse.slice(devicesPerUserMax - 1)) forgetReader(state, userId, deviceId);
}

function forgetReader(state: MemoryState, userId: string, deviceId: string): void {
  readersOf(state, userId).delete(deviceId);
  state.cursors.get(userId)?.delete(deviceId);
}

/** Readers that nobody used since; a user only if it has no devices, no rooms and no messages. */
export function forgetUnused(state: MemoryState, beforeMs: number): void {
  for (const [userId, readers] of state.readers) {
    const isUnused = ([, { openEpoch, usedAtMs }]: [string, MemoryReader]): boolean => usedAtMs < beforeMs && openEpoch !== state.epoch;
    const unused = [...readers].filter(isUnused).map(([deviceId]) => deviceId);
    const inbox = streamOf(state, inboxOf(userId));
    const isNeeded = readers.size > 1 || roomsOf(state, userId).length > 0 || inbox.messages.length > 0;
    if (unused.includes('') && !isNeeded) {
      inbox.floor = deliveredTo(state, userId);
      inbox.deliveries.length = 0;
      state.states.delete(userId);
      forgetReader(state, userId, '');
    }
    for (const deviceId of unused) if (deviceId !== '') forgetReader(state, userId, deviceId);
  }
}
