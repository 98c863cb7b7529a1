/**
 * Everything that the hub sends to a client: what it says by itself (`HubEvents`), and its answers to
 * the client's events (`Replies`). Times are seconds since 1970 with milliseconds, message ids strings of digits.
 *
 * An answer goes to the acknowledgement callback if the client gave one, otherwise out as the event of that name. A
 * failure takes its place as a `Failure`, in the callback or as the event `error`.
 */
import type { ClosingReason } from './closings.ts';
import type { Failure } from './errors.ts';
import type { WireUserId } from './ids.ts';

/** What users choose to be. `invisible` looks offline to everybody else. */
export type UserState = 'online' | 'away' | 'dnd' | 'invisible';

/** What others see of a user. */
export type VisibleState = 'online' | 'away' | 'dnd' | 'offline';

/** On connecting. Shape: `{"message":"Welcome. Now register.","server":"parley","version":"0.1.0","auth":"open"}`. */
export interface Connected {
  readonly message: string;
  readonly server: string;
  readonly version: string;
  /** How the hub knows its users, such as `open` or `jwt`. */
  readonly auth: string;
}

interface MessageBase {
  /** Unique in the hub. */
  readonly id: string;
  /** The place in the inbox or in the room: 1, 2, 3, without gaps. Drop what is at or below the last `seq` you handled. */
  readonly seq: number;
  readonly sender_id: WireUserId;
  /** As the sender wrote it, byte for byte. */
  readonly content: unknown;
  readonly type: string;
  readonly timestamp: number;
  readonly client_msg_id?: string;
  /** Present when the hub may have written this message to this reader before. */
  readonly redelivered?: true;
}

/**
 * A direct message, in order of `seq`, at least once. Shape:
 * `{"id":"7","seq":3,"sender_id":1,"recipient_id":"ann","content":"hi","type":"text","timestamp":1764000000.123}`.
 */
export interface DirectMessage extends MessageBase {
  readonly recipient_id: WireUserId;
}

/**
 * A message to a room, in order of `seq`, at least once. Shape:
 * `{"id":"8","seq":12,"room_id":"lobby","sender_id":1,"content":{"n":1},"type":"text","timestamp":1764000000.123}`.
 */
export interface RoomMessage extends MessageBase {
  readonly room_id: string;
}

/** Live only. Shape: `{"id":"q3F…","sender_id":1,"content":"hi all","type":"text","timestamp":1764000000.123}`. */
export interface Broadcast {
  readonly id: string;
  readonly sender_id: WireUserId;
  readonly content: unknown;
  readonly type: string;
  readonly timestamp: number;
}

/** Another user became a member of a room, or left it. Shape: `{"room_id":"lobby","user_id":2}`. */
export interface MemberChange {
  readonly room_id: string;
  readonly user_id: WireUserId;
}

/** Live only, from a member of the room or straight from a user. Shape: `{"sender_id":1,"room_id":"lobby","kind":"typing","timestamp":1764000000.123}`. */
export interface Signal {
  readonly sender_id: WireUserId;
  readonly room_id?: string;
  readonly kind: string;
  readonly data?: unknown;
  readonly timestamp: number;
}

/** A watched user's state changed. Shape: `{"user_id":2,"state":"away","status_text":"lunch","last_seen":1764000000.123}`. */
export interface PresenceChange {
  readonly user_id: WireUserId;
  readonly state: VisibleState;
  readonly status_text?: string;
  readonly last_seen: number | null;
}

/** To the sender of a message with `receipt`. Shape: `{"message_id":"7","seq":3,"recipient_id":"ann","delivered_at":1764000000.456}`. */
export interface MessageDelivered {
  readonly message_id: string;
  readonly seq: number;
  readonly recipient_id: WireUserId;
  readonly delivered_at: number;
}

/** The hub is about to close the connection on purpose. Shape: `{"reason":"shutting_down","reconnect":true,"reconnect_after_ms":1200}`. */
export interface GoingAway {
  readonly reason: ClosingReason;
  /** Whether the client is meant to come back, which a stock client then does by itself. */
  readonly reconnect: boolean;
  /** When, so that not all come back at once. */
  readonly reconnect_after_ms?: number;
}

/** What the hub sends by itself, by event name. */
export interface HubEvents {
  readonly connected: Connected;
  readonly message: DirectMessage;
  readonly room_message: RoomMessage;
  readonly broadcast: Broadcast;
  readonly user_joined: MemberChange;
  readonly user_left: MemberChange;
  readonly signal: Signal;
  readonly presence: PresenceChange;
  readonly message_delivered: MessageDelivered;
  readonly error: Failure;
  readonly going_away: GoingAway;
}

export type HubEventName = keyof HubEvents;

interface Success {
  readonly status: 'success';
}

/** Shape: `{"status":"success","connection_id":"x1…","user_id":1,"message":"…","rooms":["lobby"],"queued":2,"missed":0}`. */
export interface Registered extends Success {
  readonly connection_id: string;
  readonly user_id: WireUserId;
  readonly message: string;
  /** The ids of the rooms that the user is a member of. */
  readonly rooms: readonly string[];
  /** How many messages follow now. */
  readonly queued: number;
  /** How many messages expired or were dropped before this reader received them. Told once. */
  readonly missed: number;
}

/** Durable. Shape: `{"status":"success","message_id":"7","seq":3,"timestamp":1764000000.123}`. */
export interface Sent extends Success {
  readonly message_id: string;
  readonly seq: number;
  readonly timestamp: number;
  /** Present if this was a repetition of a `client_msg_id`: the rest is the first result, and nothing was sent again. */
  readonly duplicate?: true;
}

/**
 * To a message with `recipient_ids`: one result for each, in their order. Shape:
 * `{"status":"success","results":[{"recipient_id":2,"status":"success","message_id":"7",…},{"recipient_id":3,"status":"error","code":"queue_full",…}]}`.
 */
export interface SentToMany extends Success {
  readonly results: readonly ((Sent | Failure) & { readonly recipient_id: WireUserId })[];
}

/**
 * Shape: `{"status":"success","room_id":"lobby","room_name":"Lobby","created_by":1,"created_at":1764000000.123,"is_private":false,"max_members":100,"member_count":1}`.
 */
export interface RoomCreated extends Success {
  readonly room_id: string;
  readonly room_name: string;
  readonly created_by: WireUserId;
  readonly created_at: number;
  readonly is_private: boolean;
  readonly max_members: number;
  readonly member_count: number;
}

/** Shape: `{"status":"success","room_id":"lobby","message":"…","members":[1,2]}`. */
export interface JoinedRoom extends Success {
  readonly room_id: string;
  readonly message: string;
  /** In the order in which they joined. */
  readonly members: readonly WireUserId[];
}

/** Shape: `{"status":"success","room_id":"lobby","message":"…"}`. */
export interface LeftRoom extends Success {
  readonly room_id: string;
  readonly message: string;
}

/** Shape: `{"status":"success","recipients":12}`. */
export interface BroadcastSent extends Success {
  /** Users, the sender included. */
  readonly recipients: number;
}

/** Shape: `{"status":"success","state":"away","status_text":"lunch"}`. */
export interface StateSet extends Success {
  readonly state: UserState;
  readonly status_text?: string;
}

/** Shape: `{"status":"success","users":[{"user_id":2,"state":"online","last_seen":1764000000.123,"connections":1}]}`. */
export interface PresenceList extends Success {
  readonly users: readonly (PresenceChange & { readonly connections: number })[];
}

/** Shape: that of `message` or `room_message`, and for a direct message that has arrived `"delivered_at":1764000000.456`. */
export type HistoryMessage = (DirectMessage | RoomMessage) & { readonly delivered_at?: number };

/** Shape: `{"status":"success","messages":[…],"has_more":true}`. */
export interface HistoryPage extends Success {
  /** Oldest first. */
  readonly messages: readonly HistoryMessage[];
  /** More in the direction of the query: newer ones with `after_id`, otherwise older ones. */
  readonly has_more: boolean;
}

/** Shape: `{"status":"success","seq":12}`. */
export interface Acked extends Success {
  readonly seq: number;
}

/** Shape: `{"status":"success","timestamp":1764000000.123}`. */
export interface PongHub extends Success {
  readonly timestamp: number;
}

/** The answers to the client's events, by the name that they have as events. */
export interface Replies {
  readonly registered: Registered;
  readonly message_sent: Sent | SentToMany;
  readonly room_created: RoomCreated;
  readonly joined_room: JoinedRoom;
  readonly left_room: LeftRoom;
  readonly broadcast_sent: BroadcastSent;
  readonly signal_sent: Success;
  readonly state_set: StateSet;
  readonly presence_list: PresenceList;
  readonly history_page: HistoryPage;
  readonly acked: Acked;
  readonly pong_hub: PongHub;
}

export type ReplyName = keyof Replies;
