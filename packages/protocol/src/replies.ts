/**
 * The answers to the client's events. An answer goes to the acknowledgement callback if the client gave one, otherwise out as the event of its
 * name. A failure takes its place as a `Failure`, in the callback or as the event `error`.
 */
import { type Static, type TProperties, Type } from 'typebox';
import { direct, presence, roomMessage } from './events.ts';
import { failure } from './failure.ts';
import { userState } from './fields.ts';
import { count, exactly, type Immutable, seconds, seqNumber, wireUserId } from './sent.ts';

function success<Properties extends TProperties>(properties: Properties) {
  return exactly({ status: Type.Literal('success'), ...properties });
}

const sentKeys = {
  message_id: Type.String(),
  seq: seqNumber,
  timestamp: seconds,
  /** This was a repetition of a `client_msg_id`: the rest is the first result, and nothing was sent again. */
  duplicate: Type.Optional(Type.Literal(true)),
};

const roomKeys = {
  room_id: Type.String(),
  room_name: Type.String(),
  created_by: wireUserId,
  created_at: seconds,
  is_private: Type.Boolean(),
  max_members: count,
  member_count: count,
};

const member = exactly({ user_id: wireUserId, role: Type.Enum(['owner', 'member']), joined_at: seconds });

/** Not in events: whether a direct message is known to have reached its recipient, and when. */
const deliveredKeys = { delivered: Type.Boolean(), delivered_at: Type.Optional(seconds) };

/** Every reply, by the name that it has as an event. */
export const replies = {
  /** `rooms`: those the user is a member of, at most 1,000 of `room_count`. `queued` messages follow now; `missed` expired or were dropped before this reader received them. */
  registered: success({
    connection_id: Type.String(),
    user_id: wireUserId,
    message: Type.String(),
    rooms: Type.Array(Type.String()),
    room_count: count,
    queued: count,
    missed: count,
  }),
  /** Durable. To a message with `recipient_ids`: one result for each, in their order. */
  message_sent: Type.Union([
    success(sentKeys),
    success({
      results: Type.Array(
        Type.Union([success({ recipient_id: wireUserId, ...sentKeys }), exactly({ recipient_id: wireUserId, ...failure.properties })]),
      ),
    }),
  ]),
  room_created: success(roomKeys),
  /** The first members in the order in which they joined; `members` pages through the rest. */
  joined_room: success({ room_id: Type.String(), message: Type.String(), members: Type.Array(wireUserId), member_count: count }),
  left_room: success({ room_id: Type.String(), message: Type.String() }),
  /** In the order in which they joined. */
  members_page: success({ members: Type.Array(member), member_count: count, has_more: Type.Boolean() }),
  room_deleted: success({ room_id: Type.String() }),
  /** `recipients`: users who can be seen, the sender included. */
  broadcast_sent: success({ recipients: count }),
  /** `recipients`: users who can be seen. */
  signal_sent: success({ recipients: count }),
  state_set: success({ state: userState, status_text: Type.Optional(Type.String()) }),
  /** `has_more`: the room has more members. */
  presence_list: success({ users: Type.Array(exactly({ ...presence.properties, connections: count })), has_more: Type.Boolean() }),
  /** Oldest first. `has_more` in the direction of the query: newer ones with `after_id`, otherwise older ones. */
  history_page: success({
    messages: Type.Array(Type.Union([exactly({ ...direct, ...deliveredKeys }), roomMessage])),
    has_more: Type.Boolean(),
    /** The `seq`s of messages in between that are damaged on the hub's disk and are left out. */
    damaged: Type.Optional(Type.Array(seqNumber)),
  }),
  acked: success({ seq: seqNumber }),
  pong_hub: success({ timestamp: seconds }),
};

/** The answers to the client's events, by the name that they have as events. */
export type Replies = { readonly [Name in keyof typeof replies]: Immutable<Static<(typeof replies)[Name]>> };

export type ReplyName = keyof Replies;

/** What a durable send is answered with. */
export type Sent = Exclude<Replies['message_sent'], { readonly results: unknown }>;
export type SentToMany = Extract<Replies['message_sent'], { readonly results: unknown }>;
export type RoomCreated = Replies['room_created'];
export type HistoryPage = Replies['history_page'];
export type HistoryMessage = HistoryPage['messages'][number];
export type RoomMember = Replies['members_page']['members'][number];

/** A room, as lists of rooms show it. */
export const room = exactly(roomKeys);
export type RoomView = Immutable<Static<typeof room>>;
