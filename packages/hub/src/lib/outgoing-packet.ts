/**
 * One Socket.IO packet on its way out, shared by all its receivers (invariant I9): the text is made
 * once, and so is each transport's form of it, at first use.
 */
export class OutgoingPacket {
  /** The Socket.IO packet, such as `2["message",{…}]`, without the Engine.IO type. */
  readonly text: string;
  /** Binary attachments that follow the text, in the order of their placeholders. Almost always empty. */
  readonly attachments: readonly Uint8Array[];
  #frames: Buffer | undefined;

  constructor(text: string, attachments: readonly Uint8Array[] = []) {
    this.text = text;
    this.attachments = attachments;
  }

  /** The finished WebSocket frames (RFC 6455, server to client, unmasked) of this packet. Must not be changed. */
  get frames(): Buffer {
    this.#frames ??= Buffer.concat([textFrame(`4${this.text}`), ...this.attachments.map((bytes) => frame(0x82, bytes))]);
    return this.#frames;
  }
}

/** A complete unmasked WebSocket text frame. */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const header = frameHeader(0x81, bytes);
  const out = Buffer.allocUnsafe(header.length + bytes);
  header.copy(out);
  out.write(text, header.length, 'utf8');
  return out;
}

function frame(firstByte: number, payload: Uint8Array): Buffer {
  return Buffer.concat([frameHeader(firstByte, payload.byteLength), payload]);
}

/** RFC 6455 section 5.2: FIN and opcode, then a length of 7 bits, 7+16 bits or 7+64 bits. */
function frameHeader(firstByte: number, payloadBytes: number): Buffer {
  if (payloadBytes < 126) return Buffer.from([firstByte, payloadBytes]);
  if (payloadBytes < 65_536) return Buffer.from([firstByte, 126, payloadBytes >> 8, payloadBytes & 255]);
  const header = Buffer.alloc(10);
  header[0] = firstByte;
  header[1] = 127;
  header.writeUInt32BE(payloadBytes, 6);
  return header;
}
