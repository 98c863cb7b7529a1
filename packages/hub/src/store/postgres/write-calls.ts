import {
  type Appended,
  type AppendRequest,
  type DeliveryReceipt,
  type InOrder,
  inboxOf,
  type OpenedReader,
  type ReaderId,
  type Store,
  timelineOf,
} from '../../ports/store.ts';
import { callBytes, orderedCallBytes } from '../call-bytes.ts';
import { MergedStates } from '../merged-states.ts';
import { streamOf } from './append.ts';
import type { Control } from './control.ts';
import { createExpire } from './expire.ts';
import type { OtherCall, RoomCall } from './lane-one.ts';
import type { Opened } from './open-readers.ts';
import type { Call, StoreParts } from './parts.ts';
import { createRoomWrites } from './rooms.ts';
import { Turns } from './turns.ts';

type Writes = Pick<
  Store,
  'append' | 'openReader' | 'closeReader' | 'advance' | 'createRoom' | 'joinRoom' | 'leaveRoom' | 'deleteRoom' | 'saveStates' | 'expire'
>;

export function createWriteCalls(parts: StoreParts, control: Control, call: Call): Writes {
  const { options, current, commits } = parts;
  const turns = new Turns();
  const rooms = createRoomWrites(options, () => current.node);
  const expire = createExpire(() => current.node);
  // The lanes made the value of each call by its kind, so it has the kind's type.
  const append = (request: AppendRequest): Promise<Appended> =>
    turns.run(streamOf(request), 0, () =>
      commits.appends.push(request, { bytes: callBytes + request.content.length, shed: true }),
    ) as Promise<Appended>;
  /** What the hub itself writes: few at a time, and not to be lost. */
  const write = (some: OtherCall): Promise<unknown> => commits.others.push(some, { bytes: callBytes, shed: false });
  const writeRoom = <R>(roomId: string, run: RoomCall['run'], onCommitted: InOrder<R>): Promise<R> =>
    turns.run(timelineOf(roomId), 1, () =>
      commits.others.push(
        { kind: 'room', roomId, run },
        { bytes: orderedCallBytes, shed: true, onCommitted: (value) => onCommitted(value as R) },
      ),
    ) as Promise<R>;
  const states = new MergedStates((take) =>
    commits.others.push(() => ({ kind: 'states', states: take() }), { bytes: callBytes, shed: true }),
  );
  const openReader = createOpenReader(parts, turns);

  return {
    append: (request) => call(() => append(request)),
    openReader: (reader, nowMs, inOrder) => call(() => openReader(reader, nowMs, inOrder)),
    closeReader: (reader, written) => call(async () => void (await write({ kind: 'close', reader, written }))),
    advance: (advances, nowMs) => call(() => write({ kind: 'advance', advances, nowMs }) as Promise<readonly DeliveryReceipt[]>),
    createRoom: (room, inOrder) => call(() => writeRoom(room.roomId, (sql) => rooms.createRoom(sql, room), inOrder)),
    joinRoom: (request, inOrder) => call(() => writeRoom(request.roomId, (sql) => rooms.joinRoom(sql, request), inOrder)),
    leaveRoom: (roomId, userId, inOrder) => call(() => writeRoom(roomId, (sql) => rooms.leaveRoom(sql, roomId, userId), inOrder)),
    deleteRoom: (roomId, userId, inOrder) => call(() => writeRoom<void>(roomId, (sql) => rooms.deleteRoom(sql, roomId, userId), inOrder)),
    saveStates: (some) => call(() => states.save(some)),
    expire: (retention, nowMs) => call(() => control.transaction(async (sql) => (await expire(sql, retention, nowMs)).value)),
  };
}

/** The result has the heads that were announced here by now. */
function createOpenReader({ commits, recent }: StoreParts, turns: Turns): Store['openReader'] {
  return (reader: ReaderId, nowMs, inOrder) =>
    turns.run(inboxOf(reader.userId), 1, async () => {
      let raised: OpenedReader | undefined;
      const onCommitted = (value: unknown): void => {
        const { opened, mayHaveAll } = value as Opened;
        raised = recent.raise(opened, reader.userId, mayHaveAll);
        inOrder(raised);
      };
      const value = await commits.others.push({ kind: 'open', reader, nowMs }, { bytes: orderedCallBytes, shed: true, onCommitted });
      return raised ?? (value as Opened).opened;
    });
}
