/** As much of RFC 6455 as a client of the hub needs: whole text frames and control frames. */

/** A client must mask; a key of zeros leaves the bytes as they are. */
const zeroMask = Buffer.alloc(4);
const maskBit = 0x80;

export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  let header: Buffer;
  if (length < 126) {
    header = Buffer.from([0x80 | opcode, maskBit | length]);
  } else if (length < 65_536) {
    header = Buffer.from([0x80 | opcode, maskBit | 126, 0, 0]);
    header.writeUInt16BE(length, 2);
  } else {
    header = Buffer.from([0x80 | opcode, maskBit | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(length, 6);
  }
  return Buffer.concat([header, zeroMask, payload]);
}

/** Takes bytes as they come and gives whole frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  *read(chunk: Buffer): Generator<Frame> {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const frame = firstFrame(bytes);
      if (frame === undefined) break;
      bytes = bytes.subarray(frame.end);
      // Kept up to date before the frame is given out: the consumer may stop in the middle.
      this.#rest = bytes;
      yield { opcode: frame.opcode, payload: frame.payload };
    }
    this.#rest = bytes;
  }
}

function firstFrame(bytes: Buffer): (Frame & { readonly end: number }) | undefined {
  if (bytes.length < 2) return undefined;
  const opcode = bytes.readUInt8(0) & 0x0f;
  const short = bytes.readUInt8(1) & 0x7f;
  const headerBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < headerBytes) return undefined;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : bytes.readUInt32BE(6);
  const end = headerBytes + length;
  return bytes.length < end ? undefined : { opcode, payload: bytes.subarray(headerBytes, end), end };
}
