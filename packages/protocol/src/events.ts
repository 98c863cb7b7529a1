/**
 * What the hub sends by itself: one table with the form of each event, from which types and checks come. Times are seconds since 1970
 * with milliseconds, message ids strings of digits. Receivers ignore keys that they do not know.
 */
import { type Static, Type } from 'typebox';
import type { ClosingReason } from './closings.ts';
import { failure } from './failure.ts';
import { count, exactly, type Immutable, seconds, seqNumber, wireUserId } from './sent.ts';

/** What users choose to be. `invisible` looks offline to everybody else. */
export type UserState = 'online' | 'away' | 'dnd' | 'invisible';

/** What others see of a user. */
export type VisibleState = 'online' | 'away' | 'dnd' | 'offline';

const messageKeys = {
  /** Unique in the hub. */
  id: Type.String(),
  /** The place in the inbox or in the room: 1, 2, 3, without gaps. Drop what is at or below the last `seq` you handled. */
  seq: seqNumber,
  sender_id: wireUserId,
  /** As the sender wrote it, byte for byte. */
  content: Type.Unknown(),
  type: Type.String(),
  timestamp: seconds,
  client_msg_id: Type.Optional(Type.String()),
  /** Present when the hub may have written this message to this reader before. */
  redelivered: Type.Optional(Type.Literal(true)),
};

export const direct = { ...messageKeys, recipient_id: wireUserId };
export const roomMessage = exactly({ ...messageKeys, room_id: Type.String() });

/** `last_seen` is null for who was never seen. */
export const presence = exactly({
  user_id: wireUserId,
  state: Type.Enum(['online', 'away', 'dnd', 'offline']),
  status_text: Type.Optional(Type.String()),
  last_seen: Type.Union([seconds, Type.Null()]),
});

const memberChange = exactly({ room_id: Type.String(), user_id: wireUserId });

/** Every event that the hub sends by itself. */
export const hubEvents = {
  /** On connecting. Shape: `{"message":"Welcome to Parley.","server":"parley","version":"0.1.0","auth":"open"}`. */
  connected: exactly({
    message: Type.String(),
    server: Type.String(),
    version: Type.String(),
    /** How the hub knows its users, such as `open` or `jwt`. */
    auth: Type.String(),
  }),
  /**
   * A direct message, in order of `seq`, at least once. Shape:
   * `{"id":"7","seq":3,"sender_id":1,"recipient_id":"ann","content":"hi","type":"text","timestamp":1764000000.123}`.
   */
  message: exactly(direct),
  /**
   * A message to a room, in order of `seq`, at least once. Shape:
   * `{"id":"8","seq":12,"room_id":"lobby","sender_id":1,"content":{"n":1},"type":"text","timestamp":1764000000.123}`.
   */
  room_message: roomMessage,
  /** Live only. Shape: `{"id":"live-q3F…","sender_id":1,"content":"hi all","type":"text","timestamp":1764000000.123}`. */
  broadcast: exactly({
    id: Type.String(),
    sender_id: wireUserId,
    content: Type.Unknown(),
    type: Type.String(),
    timestamp: seconds,
  }),
  /** Another user became a member of a room, or left it. Shape: `{"room_id":"lobby","user_id":2}`. */
  user_joined: memberChange,
  user_left: memberChange,
  /**
   * In rooms with more than 100 members instead of these two, at most once a second: who is new and who is gone, at most 100 of each.
   * Shape: `{"room_id":"lobby","joined":[2,3],"left":[],"member_count":4012}`.
   */
  members_changed: exactly({
    room_id: Type.String(),
    joined: Type.Array(wireUserId),
    left: Type.Array(wireUserId),
    member_count: count,
  }),
  /** To all members. Shape: `{"room_id":"lobby"}`. */
  room_deleted: exactly({ room_id: Type.String() }),
  /** Live only, from a member of the room or straight from a user. Shape: `{"sender_id":1,"room_id":"lobby","kind":"typing","timestamp":1764000000.123}`. */
  signal: exactly({
    sender_id: wireUserId,
    room_id: Type.Optional(Type.String()),
    kind: Type.String(),
    data: Type.Optional(Type.Unknown()),
    timestamp: seconds,
  }),
  /** A watched user's state changed. Shape: `{"user_id":2,"state":"away","status_text":"lunch","last_seen":1764000000.123}`. */
  presence,
  /** To the sender of a message with `receipt`. Shape: `{"message_id":"7","seq":3,"recipient_id":"ann","delivered_at":1764000000.456}`. */
  message_delivered: exactly({ message_id: Type.String(), seq: seqNumber, recipient_id: wireUserId, delivered_at: seconds }),
  error: failure,
  /** The hub is about to close the connection on purpose. Shape: `{"reason":"shutting_down","reconnect":true,"reconnect_after_ms":1200}`. */
  going_away: exactly({
    reason: Type.Unsafe<ClosingReason>(Type.String()),
    /** Whether the client is meant to come back, which a stock client then does by itself. */
    reconnect: Type.Boolean(),
    /** When, so that not all come back at once. */
    reconnect_after_ms: Type.Optional(Type.Number()),
  }),
};

/** What the hub sends by itself, by event name. */
export type HubEvents = { readonly [Name in keyof typeof hubEvents]: Immutable<Static<(typeof hubEvents)[Name]>> };

export type HubEventName = keyof HubEvents;

export type DirectMessage = HubEvents['message'];
export type RoomMessage = HubEvents['room_message'];
export type Connected = HubEvents['connected'];
export type GoingAway = HubEvents['going_away'];
export type PresenceChange = HubEvents['presence'];
