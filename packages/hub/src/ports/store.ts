/**
 * The store port: the log, the cursors, rooms and user states.
 *
 * Guarantees that every adapter gives (its contract suite is `storeContract` in the testkit):
 *
 * - A promise of a write resolves only after the write is durable (I1). Writes of one caller take effect
 *   in the order of the calls; reads see every write that resolved before the read was called.
 * - A stream's `seq` starts at 1, has no gap and is never reused (I2), over restarts and expiry too.
 * - `onAppended` is given every newly stored message once, in the order of the commits, before the promise of its
 *   append resolves. Messages that became durable together are given together. It is not called for duplicates.
 * - A cursor only moves forward (I4).
 * - What can't be read any more, or is not what was stored, is never returned: reads name its place, and go on.
 * - To somebody who is not a member, a private room looks like none: `room_not_found` where a public one has `not_member`.
 * - An expected refusal rejects with a `HubError` that may be sent to a client; nothing was stored then.
 *   `overloaded`, `storage_full`: nothing was stored, try again later. `storage_damaged`: nothing was stored, and the rest works. `storage_failed`: the outcome is
 *   unknown, nothing that follows is acknowledged, and `onFailed` is called once.
 *
 * Times are wall-clock milliseconds and come from the caller. Content is JSON text and is returned byte for byte.
 */
import type { HubError } from '@parley/protocol';
import type {
  CreatedRoom,
  JoinRequest,
  JoinResult,
  LeaveResult,
  MembersPage,
  MembersQuery,
  Room,
  RoomSummary,
  RoomsPage,
  RoomsQuery,
} from './rooms.ts';

export type * from './rooms.ts';

/** `user:<user id>` is a user's inbox, `room:<room id>` a room's timeline. */
export type StreamId = string;

/** A direct message has a recipient and a room message a room, as its stream says. */
export type StoredMessage = StoredContent & MessagePlace;

export type MessagePlace =
  | { readonly recipientId: string; readonly roomId: undefined }
  | { readonly recipientId: undefined; readonly roomId: string };

interface StoredContent {
  /** Grows with every message of the store; never reused. */
  readonly id: number;
  readonly stream: StreamId;
  readonly seq: number;
  readonly senderId: string;
  readonly type: string;
  /** JSON text. */
  readonly content: string;
  readonly createdAtMs: number;
  readonly clientMsgId: string | undefined;
  /** False: a room message that the sender's own connections do not get. */
  readonly echo: boolean;
}

/** In the place of a message that can't be read any more, or is not what was stored. */
export interface DamagedMessage {
  readonly stream: StreamId;
  readonly seq: number;
  readonly damaged: true;
}

export type LogEntry = StoredMessage | DamagedMessage;

interface AppendBase {
  readonly senderId: string;
  readonly type: string;
  readonly content: string;
  readonly createdAtMs: number;
  /** On the retention clock, see `Store.expire`. */
  readonly storedAtMs: number;
  /**
   * A repeated append with the same (senderId, clientMsgId, stream) is answered with the first result (I5). With another type or content
   * it is refused with `client_msg_id_conflict`.
   */
  readonly clientMsgId: string | undefined;
}

export interface AppendDirect extends AppendBase {
  readonly kind: 'direct';
  readonly recipientId: string;
  /** Report this message in `AdvanceResult.receipts` when it is delivered. */
  readonly receipt: boolean;
  /** From the application itself: not held to `senderQueueMessagesMax`. */
  readonly trusted: boolean;
}

export interface AppendRoom extends AppendBase {
  readonly kind: 'room';
  readonly roomId: string;
  readonly echo: boolean;
  /** True: rejects with `not_member` unless the sender is a member, decided in the transaction of the append. */
  readonly membersOnly: boolean;
}

export type AppendRequest = AppendDirect | AppendRoom;

export interface Appended {
  readonly id: number;
  readonly seq: number;
  readonly createdAtMs: number;
  /** True: this was a repetition; the other fields are the first append's. */
  readonly duplicate: boolean;
}

/** Who reads: a user, or one device of a user. `deviceId` is `''` for a connection that named no device. */
export interface ReaderId {
  readonly userId: string;
  readonly deviceId: string;
}

/** Where a reader stands in one stream at the moment of `openReader`. `cursor <= written <= head`. */
export interface ReaderStream {
  readonly stream: StreamId;
  /** Everything at or below has been received, or has expired. */
  readonly cursor: number;
  /** The `seq` of the stream's newest message, 0 if it has none. */
  readonly head: number;
  /** Messages in (cursor, written] may have been written to this reader before. */
  readonly written: number;
  /** How many messages in (cursor, head] this reader is to get: all but its own ones without echo. */
  readonly queued: number;
  /** How many messages expired or were dropped before this reader received them. Reported once. */
  readonly missed: number;
  /** Of a room in a store that several nodes share: how often its members had changed. */
  readonly membersVersion?: number | undefined;
}

/** What a hub needs to know to let a reader in. */
export interface OpenedReader {
  readonly streams: readonly ReaderStream[];
  /** What the reader's user chose last; undefined if it never chose and never left. */
  readonly state: UserState | undefined;
}

export interface StreamPosition {
  readonly stream: StreamId;
  readonly seq: number;
}

export interface CursorAdvance extends ReaderId, StreamPosition {}

/** A direct message with `receipt` that has now reached its recipient. */
export interface DeliveryReceipt {
  readonly messageId: number;
  readonly seq: number;
  readonly senderId: string;
  readonly recipientId: string;
  readonly deliveredAtMs: number;
}

/**
 * Called on the store's own stack, in commit order with `onAppended`: every message that the result does not
 * include (its `seq` is above `head` or `joinedSeq`) comes through `onAppended` after this call, never before it.
 * A caller that starts to listen inside this call misses nothing. It must not throw.
 */
export type InOrder<T> = (result: T) => void;

/** The newest messages before `beforeId`, or the oldest after `afterId`; always returned oldest first. */
export interface HistoryQuery {
  /** Both: who asks. `not_member` and `room_not_found` are decided by the store. */
  readonly userId: string;
  readonly of: { readonly roomId: string } | { readonly withUserId: string };
  readonly beforeId: number | undefined;
  readonly afterId: number | undefined;
  readonly limit: number;
  /** About how much content a page holds at most; it has at least one message if there is one. */
  readonly bytesMax: number;
}

export type HistoryMessage = StoredMessage & {
  /** When a direct message was known to have reached its recipient; undefined for one still queued, and for room messages. */
  readonly deliveredAtMs: number | undefined;
};

export interface HistoryPage {
  readonly messages: readonly HistoryMessage[];
  /** The `seq`s of damaged messages that were left out. */
  readonly damaged: readonly number[];
  /** More in the direction of the query: older ones without bounds or with `beforeId`, newer ones with `afterId`. */
  readonly hasMore: boolean;
}

/** What a user chose, kept over reconnects. Whether the user is online is never stored: it is a fact about connections (I7). */
export interface UserState {
  readonly userId: string;
  readonly state: 'online' | 'away' | 'dnd' | 'invisible';
  readonly statusText: string | undefined;
  /** When others last saw the user: who is invisible is not seen. `neverSeen` if they never did. */
  readonly lastSeenMs: number;
  /**
   * Grows with each choice of the user, on whatever node. A store that several nodes share keeps the choice with the highest version and
   * the latest `lastSeenMs`; any other may leave it out.
   */
  readonly version?: number | undefined;
}

export const neverSeen = 0;

/** When others last saw the user of this state; undefined if they never did. */
export function seenAt(state: UserState | undefined): number | undefined {
  return state?.lastSeenMs === neverSeen ? undefined : state?.lastSeenMs;
}

export interface Retention {
  /** Direct messages that were delivered, and all room messages, are kept this long. */
  readonly deliveredMs: number;
  readonly undeliveredMs: number;
}

export interface StoreCounts {
  readonly messages: number;
  readonly rooms: number;
  /** Direct messages above their recipient's cursor. */
  readonly queued: number;
  /** Since the database was made. */
  readonly expired: number;
  /** Removed by `queue.overflow: drop_oldest` since the database was made. */
  readonly dropped: number;
  /** Damaged messages that were found since the store was opened. */
  readonly damaged: number;
}

/** What is known of the files, from a check that runs beside the work after each start and from what was read. */
export interface StoreIntegrity {
  /** `damaged` also while the check goes on, and also if only something other than messages is. */
  readonly state: 'checking' | 'ok' | 'damaged';
  /** Damaged messages that were found. */
  readonly damagedMessages: number;
}

export interface Store {
  /** Refusals: `queue_full`, `room_not_found`, `not_member`, `client_msg_id_conflict`. */
  append(request: AppendRequest): Promise<Appended>;
  /** Messages with `afterSeq < seq <= uptoSeq`, in order, at most `limit` and about `bytesMax` of content, but at least one if there is one. */
  readStream(query: { stream: StreamId; afterSeq: number; uptoSeq: number; limit: number; bytesMax: number }): Promise<readonly LogEntry[]>;

  /**
   * All streams of a reader: the inbox and the rooms it is a member of; and its user's state. Marks the reader as open, so that a hub
   * which dies now knows at the next `openReader` that everything up to then may have been written.
   * A device seen for the first time starts where its user stands: it gets what none of the user's devices got. Above
   * `devicesPerUserMax` the device that was unused for longest is forgotten for it.
   * `inOrder` is called with the result before the promise resolves; see `InOrder`.
   */
  openReader(reader: ReaderId, nowMs: number, inOrder: InOrder<OpenedReader>): Promise<OpenedReader>;
  /**
   * Remembers up to where messages may have been written to the reader and not acknowledged.
   * `last`: no other connection of this reader is open.
   */
  closeReader(reader: ReaderId, written: readonly StreamPosition[], last: boolean): Promise<void>;
  /**
   * Moves cursors forward; a lower or equal `seq` changes nothing, one above the stream's head is a caller's error.
   * A device's cursor moves its user's (device `''`) along; that one decides over delivered and queued.
   */
  advance(advances: readonly CursorAdvance[], nowMs: number): Promise<readonly DeliveryReceipt[]>;

  /** Refusals: `room_exists`, `too_many_rooms`. The creator becomes owner and member. `inOrder`: as with `joinRoom`. */
  createRoom(room: Room, inOrder: InOrder<CreatedRoom>): Promise<CreatedRoom>;
  /**
   * Costs the same however many members there are. The first to join a room without members is its owner.
   * Refusals: `room_not_found`, `room_private` (only where a missing room would be created), `room_full`, `too_many_rooms`.
   * `inOrder` is called with the result before the promise resolves.
   */
  joinRoom(request: JoinRequest, inOrder: InOrder<JoinResult>): Promise<JoinResult>;
  /**
   * When the owner leaves, the member who joined first becomes the owner. A private room is deleted with its last member.
   * Refusals: `room_not_found`, `not_member`. `inOrder`: as with `joinRoom`; what is appended after it is not for this user.
   */
  leaveRoom(roomId: string, userId: string, inOrder: InOrder<LeaveResult>): Promise<LeaveResult>;
  /**
   * The id is free at once. A room that is made with it later goes on with the numbers of the stream (I2), and nothing of the deleted room
   * is seen there; `expire` removes it. `userId` is who asks; undefined: the application.
   * Refusals: `room_not_found`, `not_member`, `not_owner`. `inOrder`: as with `joinRoom`.
   */
  deleteRoom(roomId: string, userId: string | undefined, inOrder: InOrder<void>): Promise<void>;
  room(roomId: string): Promise<RoomSummary | undefined>;
  /** Refusal: `invalid_payload` if there is no room `after`. */
  rooms(query: RoomsQuery): Promise<RoomsPage>;
  /** Refusals: `room_not_found`, `not_member`; `invalid_payload` if `after` is no member. */
  members(query: MembersQuery): Promise<MembersPage>;
  /** Refusals: `room_not_found`, `not_member`. */
  history(query: HistoryQuery): Promise<HistoryPage>;

  saveStates(states: readonly UserState[]): Promise<void>;
  /** Users without a stored state are left out. */
  states(userIds: readonly string[]): Promise<readonly UserState[]>;

  /**
   * Removes what is older than the retention allows, a bounded part at a time; `more` says that another call has work.
   * `nowMs` and `storedAtMs` are times of the retention clock: the hub's own running time, added up over its lives. So a
   * wall clock that is wrong, or jumps by a year, removes nothing.
   */
  expire(retention: Retention, nowMs: number): Promise<{ removed: number; more: boolean }>;
  /** The `nowMs` of the last `expire`, over restarts; 0 for a new store. The retention clock goes on from there. */
  retentionTime(): Promise<number>;
  counts(): Promise<StoreCounts>;
  integrity(): StoreIntegrity;
  /** Commits what was accepted, then closes. Calls after it reject with `shutting_down`. */
  close(): Promise<void>;
}

/** Members that the result of a join names at most; `members` pages through the rest. */
export const membersToldMax = 100;

/** How much of everything a store lets one user have. */
export interface StoreLimits {
  /** Undelivered direct messages for one recipient. */
  readonly queueMessagesMax: number;
  /** What happens to an append above `queueMessagesMax`: refused with `queue_full`, or the oldest is removed and counted. */
  readonly queueOverflow: 'reject' | 'drop_oldest';
  /** Undelivered direct messages of one sender for one recipient; above it `queue_full`, to this sender only. */
  readonly senderQueueMessagesMax: number;
  /** Rooms that one user may be a member of. */
  readonly roomsPerUserMax: number;
  /** Devices of one user whose cursors are kept. */
  readonly devicesPerUserMax: number;
}

/** What every adapter is made with. */
export interface StoreOptions extends StoreLimits {
  readonly onAppended: (messages: readonly StoredMessage[]) => void;
  /** A damaged message was found. Called once for each. */
  readonly onDamaged: (place: { readonly stream: StreamId; readonly seq: number }) => void;
  /** Something else is damaged, and what needs it is refused with `storage_damaged`. Called once for each `cause`. */
  readonly onDamagedPart: (cause: string) => void;
  /** The store can't go on: nothing will be acknowledged any more. Called at most once. */
  readonly onFailed: (error: HubError) => void;
}

export const inboxOf = (userId: string): StreamId => `user:${userId}`;
export const timelineOf = (roomId: string): StreamId => `room:${roomId}`;

/** What the id of a stream says of its messages. */
export function placeOf(stream: StreamId): MessagePlace {
  const [inbox, timeline] = [inboxOf(''), timelineOf('')];
  return stream.startsWith(inbox)
    ? { recipientId: stream.slice(inbox.length), roomId: undefined }
    : { recipientId: undefined, roomId: stream.slice(timeline.length) };
}
