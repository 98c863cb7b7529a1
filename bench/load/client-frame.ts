/** Finished WebSocket frames of a client (RFC 6455): masked, never fragmented. */
import { randomBytes } from 'node:crypto';

export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** A frame may be sent any number of times, by any connection: servers unmask each one for themselves. */
export function clientFrame(payload: string | Buffer, opcode: number = opcodes.text): Buffer {
  const bytes = Buffer.from(payload);
  const header = maskedHeader(opcode, bytes.length);
  const mask = randomBytes(4);
  for (let index = 0; index < bytes.length; index++) bytes[index] = (bytes[index] ?? 0) ^ (mask[index & 3] ?? 0);
  return Buffer.concat([header, mask, bytes]);
}

function maskedHeader(opcode: number, payloadBytes: number): Buffer {
  if (payloadBytes < 126) return Buffer.from([0x80 | opcode, 0x80 | payloadBytes]);
  if (payloadBytes > 65_535) throw new RangeError('the load generator sends no frames above 64 KiB');
  return Buffer.from([0x80 | opcode, 0x80 | 126, payloadBytes >> 8, payloadBytes & 255]);
}
