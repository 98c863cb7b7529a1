/** How messages, rooms, presence and history look on the wire. Times are seconds there, milliseconds inside. */
import { type HistoryMessage, type PresenceChange, type Replies, type RoomView, type Sent, userIdToWire } from '@parley/protocol';
import { type Json, jsonObject } from '../lib/json.ts';
import type { PresenceView } from '../ports/presence.ts';
import type { Appended, RoomMember, RoomSummary, HistoryMessage as StoredHistoryMessage } from '../ports/store.ts';

export const toSeconds = (ms: number): number => ms / 1000;

export function sentView(appended: Appended): Sent {
  return {
    status: 'success',
    message_id: String(appended.id),
    seq: appended.seq,
    timestamp: toSeconds(appended.createdAtMs),
    ...(appended.duplicate ? { duplicate: true } : {}),
  };
}

export function roomView(room: RoomSummary): RoomView {
  return {
    room_id: room.roomId,
    room_name: room.name,
    created_by: userIdToWire(room.createdBy),
    created_at: toSeconds(room.createdAtMs),
    is_private: room.isPrivate,
    max_members: room.maxMembers,
    member_count: room.memberCount,
  };
}

export function memberView(member: RoomMember): Replies['members_page']['members'][number] {
  return { user_id: userIdToWire(member.userId), role: member.role, joined_at: toSeconds(member.joinedAtMs) };
}

/** What watchers get when it changes. */
export function presenceChange(view: PresenceView): PresenceChange {
  return {
    user_id: userIdToWire(view.userId),
    state: view.state,
    ...(view.statusText === undefined ? {} : { status_text: view.statusText }),
    last_seen: view.lastSeenMs === undefined ? null : toSeconds(view.lastSeenMs),
  };
}

export function presenceView(view: PresenceView): Replies['presence_list']['users'][number] {
  return { ...presenceChange(view), connections: view.connections };
}

/** `deliveredAtMs` as the reader may know it. JSON text, since the content is JSON text already. */
export function historyMessage(message: StoredHistoryMessage, deliveredAtMs: number | undefined): Json<HistoryMessage> {
  const id = JSON.stringify(String(message.id));
  const senderId = JSON.stringify(userIdToWire(message.senderId));
  const common = {
    seq: String(message.seq),
    type: JSON.stringify(message.type),
    timestamp: String(toSeconds(message.createdAtMs)),
    client_msg_id: message.clientMsgId === undefined ? undefined : JSON.stringify(message.clientMsgId),
    redelivered: undefined,
  };
  if (message.roomId !== undefined) {
    const place = { id, room_id: JSON.stringify(message.roomId), sender_id: senderId };
    return jsonObject<RoomHistoryMessage>({ ...place, ...common, content: message.content });
  }
  const place = { id, sender_id: senderId, recipient_id: JSON.stringify(userIdToWire(message.recipientId)) };
  const delivered = {
    delivered: String(deliveredAtMs !== undefined),
    delivered_at: deliveredAtMs === undefined ? undefined : String(toSeconds(deliveredAtMs)),
  };
  return jsonObject<DirectHistoryMessage>({ ...place, ...common, ...delivered, content: message.content });
}

type RoomHistoryMessage = Extract<HistoryMessage, { readonly room_id: string }>;
type DirectHistoryMessage = Exclude<HistoryMessage, RoomHistoryMessage>;
