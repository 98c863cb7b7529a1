/** The packets that the hub writes, encoded once each (I9). `content` travels as the bytes that came. */
import { userIdToWire } from '@parley/protocol';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { StoredMessage } from '../ports/store.ts';

/** Any event with a payload that is not a stored message. */
export function eventPacket(name: string, payload: unknown): OutgoingPacket {
  return new OutgoingPacket(`2["${name}",${JSON.stringify(payload)}]`);
}

/** `message` or `room_message`. `redelivered`: the hub may have written it to this reader before. */
export function messagePacket(message: StoredMessage, redelivered = false): OutgoingPacket {
  const place =
    message.roomId === undefined
      ? `"sender_id":${wireId(message.senderId)},"recipient_id":${wireId(message.recipientId ?? '')}`
      : `"room_id":${JSON.stringify(message.roomId)},"sender_id":${wireId(message.senderId)}`;
  const name = message.roomId === undefined ? 'message' : 'room_message';
  const clientMsgId = message.clientMsgId === undefined ? '' : `,"client_msg_id":${JSON.stringify(message.clientMsgId)}`;
  return new OutgoingPacket(
    `2["${name}",{"id":"${message.id}","seq":${message.seq},${place},"content":${message.content},` +
      `"type":${JSON.stringify(message.type)},"timestamp":${message.createdAtMs / 1000}${clientMsgId}${redelivered ? ',"redelivered":true' : ''}}]`,
  );
}

const wireId = (id: string): string => JSON.stringify(userIdToWire(id));
