/** Message packets, and errors that answer no event, encoded once each (I9). `content` travels as the bytes that came. */
import { HubError, type HubEvents, toFailure, userIdToWire } from '@parley/protocol';
import { eventPacket } from '../lib/event-packet.ts';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import { type LogEntry, placeOf, type StreamId, type StreamPosition } from '../ports/store.ts';

/** A failure that answers no event of the client. `event` names the event that the client misses because of it. */
export function failurePacket(error: HubError, event: keyof HubEvents): OutgoingPacket {
  return eventPacket('error', toFailure(error, event));
}

/** What a reader gets in the place of a message that can't be sent, so that it knows which one is missing. */
export function leftOutPacket(code: 'message_damaged' | 'message_too_large', { stream, seq }: StreamPosition): OutgoingPacket {
  return failurePacket(new HubError(code, { details: { seq, ...roomOf(stream) } }), eventOf(stream));
}

/** A stream of which nothing more can be read. */
export function unreadablePacket(stream: StreamId): OutgoingPacket {
  return failurePacket(new HubError('stream_unreadable', { details: roomOf(stream) }), eventOf(stream));
}

/**
 * Encodes stored messages one by one. Up to `written` they are marked as redelivered. The texts are put together
 * by hand, which takes a third of the time of `JSON.stringify`; a test compares them with the table of events.
 */
export function entryEncoder(written: number): (entry: LogEntry) => string {
  // Many messages share a few senders and types.
  const wireId = remembering((id) => JSON.stringify(userIdToWire(id)));
  const quoted = remembering((text) => JSON.stringify(text));
  return (entry) => {
    if ('damaged' in entry) return leftOutPacket('message_damaged', entry).text;
    const { id, seq, senderId, recipientId, roomId, content, type, createdAtMs, clientMsgId } = entry;
    const [name, place] =
      roomId === undefined
        ? ['message', `"sender_id":${wireId(senderId)},"recipient_id":${wireId(recipientId)}`]
        : ['room_message', `"room_id":${quoted(roomId)},"sender_id":${wireId(senderId)}`];
    const marks = `${clientMsgId === undefined ? '' : `,"client_msg_id":${JSON.stringify(clientMsgId)}`}${seq <= written ? ',"redelivered":true' : ''}`;
    return `2["${name}",{"id":"${id}","seq":${seq},${place},"content":${content},"type":${quoted(type)},"timestamp":${createdAtMs / 1000}${marks}}]`;
  };
}

const eventOf = (stream: StreamId): 'message' | 'room_message' => (placeOf(stream).roomId === undefined ? 'message' : 'room_message');

function roomOf(stream: StreamId): { readonly room_id?: string } {
  const { roomId } = placeOf(stream);
  return roomId === undefined ? {} : { room_id: roomId };
}

function remembering(encode: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const encoded = known.get(text) ?? encode(text);
    known.set(text, encoded);
    return encoded;
  };
}
