/** The packets that the hub writes, encoded once each (I9). `content` travels as the bytes that came. */
import { type HubError, toFailure, userIdToWire } from '@parley/protocol';
import { eventPacket, eventText } from '../lib/event-packet.ts';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { StoredMessage } from '../ports/store.ts';

/** The failure of something that the client did not ask for in this moment. */
export function failurePacket(error: HubError, event: string): OutgoingPacket {
  return eventPacket('error', toFailure(error, event));
}

/** Encodes stored messages, one by one. Up to `written` the hub may have written them to this reader before. */
export function messageEncoder(written: number): (message: StoredMessage) => string {
  // Many messages have few senders and types.
  const wireId = remembering((id) => JSON.stringify(userIdToWire(id)));
  const quoted = remembering((text) => JSON.stringify(text));
  return (message) => {
    const { id, seq, senderId, recipientId, roomId, content, type, createdAtMs, clientMsgId } = message;
    const head = { id: `"${id}"`, seq: String(seq) };
    const rest = {
      content,
      type: quoted(type),
      timestamp: String(createdAtMs / 1000),
      client_msg_id: clientMsgId === undefined ? undefined : JSON.stringify(clientMsgId),
      redelivered: seq <= written ? 'true' : undefined,
    };
    return roomId === undefined
      ? eventText('message', { ...head, sender_id: wireId(senderId), recipient_id: wireId(recipientId), ...rest })
      : eventText('room_message', { ...head, room_id: quoted(roomId), sender_id: wireId(senderId), ...rest });
  };
}

function remembering(encode: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const encoded = known.get(text) ?? encode(text);
    known.set(text, encoded);
    return encoded;
  };
}
