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
  #payload: string | undefined;

  constructor(text: string, attachments: readonly Uint8Array[] = []) {
    this.text = text;
    this.attachments = attachments;
  }

  /** The finished WebSocket frames (RFC 6455, server to client, unmasked) of this packet. Must not be changed. */
  get frames(): Buffer {
    this.#frames ??= this.#encodeFrames();
    return this.#frames;
  }

  /** This packet as records of a polling body, `4` and its text, then its attachments in base64. */
  get payload(): string {
    this.#payload ??= [`4${this.text}`, ...this.attachments.map(binaryRecord)].join('\x1e');
    return this.#payload;
  }

  #encodeFrames(): Buffer {
    const text = textFrame(`4${this.text}`);
    return this.attachments.length === 0 ? text : Buffer.concat([text, ...this.attachments.map(binaryFrame)]);
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

/** A complete unmasked WebSocket binary frame. */
export function binaryFrame(bytes: Uint8Array): Buffer {
  return Buffer.concat([frameHeader(0x82, bytes.byteLength), bytes]);
}

/** Binary data as a record of a polling body. */
export function binaryRecord(bytes: Uint8Array): string {
  return `b${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`;
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
