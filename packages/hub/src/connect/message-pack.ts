/**
 * As much of MessagePack as it takes to tell a client with `socket.io-msgpack-parser` why it is refused: its library raises
 * `connect_error` for a packet `{type: 4, nsp: "/", data: {message}}`. Nothing else of that parser is spoken.
 */

/** Whether a binary message begins as a packet of that parser does: with a map of few keys. */
export function isMessagePack(bytes: Uint8Array): boolean {
  const [first = 0] = bytes;
  return first >= 0x82 && first <= 0x85;
}

export function messagePackRefusal(message: string): Uint8Array {
  return Buffer.concat([
    Buffer.from([0x83]),
    text('type'),
    Buffer.from([4]),
    text('nsp'),
    text('/'),
    text('data'),
    Buffer.from([0x81]),
    text('message'),
    text(message),
  ]);
}

/** A string of up to 255 bytes. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([0xd9, bytes.length]), bytes]);
}
