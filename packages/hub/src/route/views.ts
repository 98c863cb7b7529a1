/** How rooms, presence and history look on the wire. Times are seconds there, milliseconds inside. */
import { userIdToWire } from '@parley/protocol';
import type { PresenceView } from '../ports/presence.ts';
import type { HistoryMessage, Room, RoomSummary } from '../ports/store.ts';

export const toSeconds = (ms: number): number => ms / 1000;

export function roomView(room: Room | RoomSummary) {
  return {
    room_id: room.roomId,
    room_name: room.name,
    created_by: userIdToWire(room.createdBy),
    created_at: toSeconds(room.createdAtMs),
    is_private: room.isPrivate,
    max_members: room.maxMembers,
    ...('memberCount' in room ? { member_count: room.memberCount } : {}),
  };
}

/** What watchers get when it changes. */
export function presenceChange(view: PresenceView) {
  return {
    user_id: userIdToWire(view.userId),
    state: view.state,
    ...(view.statusText === undefined ? {} : { status_text: view.statusText }),
    last_seen: view.lastSeenMs === undefined ? null : toSeconds(view.lastSeenMs),
  };
}

export function presenceView(view: PresenceView) {
  return { ...presenceChange(view), connections: view.connections };
}

/** JSON text, since `content` is JSON text already. */
export function historyMessageJson(message: HistoryMessage): string {
  const { content, ...rest } = historyMessage(message, message.content);
  return `${JSON.stringify(rest).slice(0, -1)},"content":${content}}`;
}

export function historyMessage<Content>(message: HistoryMessage, content: Content) {
  return {
    id: String(message.id),
    seq: message.seq,
    ...(message.roomId === undefined
      ? { sender_id: userIdToWire(message.senderId), recipient_id: userIdToWire(message.recipientId) }
      : { room_id: message.roomId, sender_id: userIdToWire(message.senderId) }),
    type: message.type,
    timestamp: toSeconds(message.createdAtMs),
    ...(message.clientMsgId === undefined ? {} : { client_msg_id: message.clientMsgId }),
    ...(message.recipientId === undefined ? {} : { delivered: message.deliveredAtMs !== undefined }),
    ...(message.deliveredAtMs === undefined ? {} : { delivered_at: toSeconds(message.deliveredAtMs) }),
    content,
  };
}
