/**
 * Engine.IO v4 packets: `<type digit><data>`, one for each WebSocket frame, or several in a polling
 * body with U+001E between them. Binary data stands in text as `b` and base64, without a type digit:
 * it is always a message. On WebSocket it comes as a binary frame, which needs no codec.
 *
 * Decoding never throws: what is malformed is `undefined`, and the connection that sent it has to be closed.
 *
 * Source: https://github.com/socketio/socket.io/blob/main/docs/engine.io-protocol/v4-current.md
 */

/** The protocol revision that clients name in the `EIO` query parameter. */
export const ENGINE_PROTOCOL = 4;

/** Between the records of a polling body. */
const separator = '\x1e';
/** In the order of their digits on the wire. */
const packetTypes = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop'] as const;
const digitOf = { open: '0', close: '1', ping: '2', pong: '3', message: '4', upgrade: '5', noop: '6' } as const;

/** What the text form of a message begins with. A WebSocket frame is written as this and the message's bytes, without a copy of its text. */
export const messagePrefix = digitOf.message;

export type EnginePacketType = (typeof packetTypes)[number];

/** `data` is `''` if the packet has none. Only messages can be binary. */
export type EnginePacket =
  | { readonly type: 'message'; readonly data: string | Uint8Array }
  | { readonly type: Exclude<EnginePacketType, 'message'>; readonly data: string };

/** Decodes one packet in its text form. `undefined`: empty, of an unknown type, or not strict base64. */
export function decodeEnginePacket(text: string): EnginePacket | undefined {
  if (text.startsWith('b')) {
    const data = decodeBase64(text.slice(1));
    return data === undefined ? undefined : { type: 'message', data };
  }
  const type = packetTypes[text.charCodeAt(0) - 48];
  return type === undefined ? undefined : { type, data: text.slice(1) };
}

/** The text form of a packet. Binary data becomes base64, as polling needs it. */
export function encodeEnginePacket(packet: EnginePacket): string {
  return typeof packet.data === 'string' ? digitOf[packet.type] + packet.data : `b${encodeBase64(packet.data)}`;
}

/**
 * Decodes a polling body. `undefined`: one of its packets is malformed, or there are more than `packetsMax`;
 * packets are counted first, so a body of separators costs one scan and no memory.
 */
export function decodePayload(body: string, packetsMax: number): EnginePacket[] | undefined {
  if (countRecords(body, packetsMax) > packetsMax) return undefined;
  const packets: EnginePacket[] = [];
  for (const record of body.split(separator)) {
    const packet = decodeEnginePacket(record);
    if (packet === undefined) return undefined;
    packets.push(packet);
  }
  return packets;
}

/** The polling body of some packets, at least one, each in its text form. */
export function joinRecords(records: readonly string[]): string {
  return records.join(separator);
}

/** Stops counting at `max + 1`. */
function countRecords(body: string, max: number): number {
  let count = 1;
  for (let at = body.indexOf(separator); at !== -1 && count <= max; at = body.indexOf(separator, at + 1)) count++;
  return count;
}

/** What the server tells first. Exactly these keys: clients and the official test suite check them. */
export interface EngineHandshake {
  readonly sid: string;
  readonly upgrades: readonly string[];
  /** Milliseconds. */
  readonly pingInterval: number;
  /** Milliseconds. */
  readonly pingTimeout: number;
  /** Bytes of one polling body. */
  readonly maxPayload: number;
}

/** The open packet: `0{"sid":"…","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`. */
export function openPacket({ sid, upgrades, pingInterval, pingTimeout, maxPayload }: EngineHandshake): EnginePacket {
  return { type: 'open', data: JSON.stringify({ sid, upgrades, pingInterval, pingTimeout, maxPayload }) };
}

/** The refusals of an HTTP request, as the reference server words them. On the wire: `{"code":0,"message":"Transport unknown"}`. */
export const handshakeErrors = {
  transportUnknown: { code: 0, message: 'Transport unknown', httpStatus: 400 },
  sessionUnknown: { code: 1, message: 'Session ID unknown', httpStatus: 400 },
  badMethod: { code: 2, message: 'Bad handshake method', httpStatus: 400 },
  badRequest: { code: 3, message: 'Bad request', httpStatus: 400 },
  forbidden: { code: 4, message: 'Forbidden', httpStatus: 403 },
  unsupportedVersion: { code: 5, message: 'Unsupported protocol version', httpStatus: 400 },
} as const;

export type HandshakeErrorName = keyof typeof handshakeErrors;

/** The padding decides which bits of the character before it must be zero: one byte string has one text. */
const base64 = /^[A-Za-z0-9+/]*(?:[AQgw]==|[AEIMQUYcgkosw048]=)?$/;

function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !base64.test(text)) return undefined;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

function encodeBase64(bytes: Uint8Array): string {
  // In parts, because the arguments of one call are limited by the stack; and not by `...`, which is ten times slower.
  const partBytes = 8192;
  let binary = '';
  for (let at = 0; at < bytes.length; at += partBytes) {
    binary += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(at, at + partBytes));
  }
  return btoa(binary);
}
