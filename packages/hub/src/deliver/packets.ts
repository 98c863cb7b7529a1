/** The packets that the hub writes, encoded once each (I9). `content` travels as the bytes that came. */
import { type HubError, toFailure, userIdToWire } from '@parley/protocol';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { StoredMessage } from '../ports/store.ts';

/** Any event with a payload that is not a stored message. */
export function eventPacket(name: string, payload: unknown): OutgoingPacket {
  return new OutgoingPacket(`2["${name}",${JSON.stringify(payload)}]`);
}

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
    const [name, place] =
      roomId === undefined
        ? ['message', `"sender_id":${wireId(senderId)},"recipient_id":${wireId(recipientId)}`]
        : ['room_message', `"room_id":${quoted(roomId)},"sender_id":${wireId(senderId)}`];
    const marks = `${clientMsgId === undefined ? '' : `,"client_msg_id":${JSON.stringify(clientMsgId)}`}${seq <= written ? ',"redelivered":true' : ''}`;
    return `2["${name}",{"id":"${id}","seq":${seq},${place},"content":${content},"type":${quoted(type)},"timestamp":${createdAtMs / 1000}${marks}}]`;
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
