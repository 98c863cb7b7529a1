/** What a connection can be given to send. */
export type OutgoingPackets = OutgoingPacket | OutgoingRun;

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
    this.#payload ??= [`4${this.text}`, ...this.attachments.map(binaryRecord)].join(recordSeparator);
    return this.#payload;
  }

  #encodeFrames(): Buffer {
    const text = messageFrames([this.text]);
    return this.attachments.length === 0 ? text : Buffer.concat([text, ...this.attachments.map(binaryFrame)]);
  }
}

/**
 * Several packets without attachments that are sent one after the other. Their frames are one buffer, so that a room's members
 * share the work of joining them; what only polling needs is made for polling only.
 */
export class OutgoingRun {
  readonly #texts: readonly string[];
  #frames: Buffer | undefined;
  #packets: readonly OutgoingPacket[] | undefined;

  /** Takes the text of each packet. */
  constructor(texts: readonly string[]) {
    this.#texts = texts;
  }

  get packets(): readonly OutgoingPacket[] {
    this.#packets ??= this.#texts.map((text) => new OutgoingPacket(text));
    return this.#packets;
  }

  /** As `OutgoingPacket.frames`, of all packets. */
  get frames(): Buffer {
    this.#frames ??= messageFrames(this.#texts);
    return this.#frames;
  }

  /** As `OutgoingPacket.payload`, of all packets. */
  get payload(): string {
    return this.packets.map((packet) => packet.payload).join(recordSeparator);
  }
}

/** Between the packets of a polling body. */
const recordSeparator = '\x1e';

/** A complete unmasked WebSocket text frame. */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const out = Buffer.allocUnsafe(headerBytes(bytes) + bytes);
  out.write(text, writeHeader(out, 0, 0x81, bytes));
  return out;
}

/** Complete unmasked WebSocket text frames of Engine.IO messages, one after the other. */
function messageFrames(texts: readonly string[]): Buffer {
  const sizes = texts.map((text) => 1 + Buffer.byteLength(text));
  const out = Buffer.allocUnsafe(sizes.reduce((sum, bytes) => sum + headerBytes(bytes) + bytes, 0));
  let offset = 0;
  texts.forEach((text, index) => {
    const bytes = sizes[index] ?? 0;
    offset = writeHeader(out, offset, 0x81, bytes);
    out[offset] = messageType;
    // Most text is ASCII, which is copied faster if it need not be looked at.
    out.write(text, offset + 1, bytes === text.length + 1 ? 'latin1' : 'utf8');
    offset += bytes;
  });
  return out;
}

/** `4`, the type of an Engine.IO message. */
const messageType = 0x34;

/** A complete unmasked WebSocket binary frame. */
export function binaryFrame(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(headerBytes(bytes.byteLength) + bytes.byteLength);
  out.set(bytes, writeHeader(out, 0, 0x82, bytes.byteLength));
  return out;
}

/** Binary data as a record of a polling body. */
export function binaryRecord(bytes: Uint8Array): string {
  return `b${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`;
}

const headerBytes = (payloadBytes: number): number => (payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10);

/** RFC 6455 section 5.2: FIN and opcode, then a length of 7 bits, 7+16 bits or 7+64 bits. Returns where the payload begins. */
function writeHeader(out: Buffer, offset: number, firstByte: number, payloadBytes: number): number {
  out[offset] = firstByte;
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
