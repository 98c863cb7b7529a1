/** Complete WebSocket frames as a server sends them (RFC 6455, section 5.2): one frame for each message, not masked, not compressed. */
import { messagePrefix } from '@parley/protocol';

const opcodes = { text: 0x1, binary: 0x2 } as const;
const fin = 0x80;
const messageType = messagePrefix.charCodeAt(0);

export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const out = Buffer.allocUnsafe(headerBytes(bytes) + bytes);
  out.write(text, writeHeader(out, 0, opcodes.text, bytes));
  return out;
}

export function binaryFrame(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(headerBytes(bytes.byteLength) + bytes.byteLength);
  out.set(bytes, writeHeader(out, 0, opcodes.binary, bytes.byteLength));
  return out;
}

/** The text frames of Engine.IO messages, one after the other: the bytes of `textFrame(encodeEnginePacket(…))`, without a copy of each text. */
export function messageFrames(texts: readonly string[]): Buffer {
  const sizes = texts.map((text) => messagePrefix.length + Buffer.byteLength(text));
  const out = Buffer.allocUnsafe(sizes.reduce((sum, bytes) => sum + headerBytes(bytes) + bytes, 0));
  let offset = 0;
  texts.forEach((text, index) => {
    const bytes = sizes[index] ?? 0;
    offset = writeHeader(out, offset, opcodes.text, bytes);
    out[offset] = messageType;
    // Most text is ASCII, which is copied faster if it need not be looked at.
    out.write(text, offset + 1, bytes === text.length + 1 ? 'latin1' : 'utf8');
    offset += bytes;
  });
  return out;
}

const headerBytes = (payloadBytes: number): number => (payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10);

/** A length of 7 bits, 7+16 bits or 7+64 bits. Returns where the payload begins. */
function writeHeader(out: Buffer, offset: number, opcode: number, payloadBytes: number): number {
  out[offset] = fin | opcode;
  if (payloadBytes < 126) {
    out[offset + 1] = payloadBytes;
  } else if (payloadBytes < 65_536) {
    out[offset + 1] = 126;
    out.writeUInt16BE(payloadBytes, offset + 2);
  } else {
    out[offset + 1] = 127;
    // A buffer holds less than 2^48 bytes.
    out.writeUInt16BE(0, offset + 2);
    out.writeUIntBE(payloadBytes, offset + 4, 6);
  }
  return offset + headerBytes(payloadBytes);
}
