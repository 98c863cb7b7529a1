/**
 * Socket.IO v5 packets: `<type digit>[<attachments>-][<namespace>,][<ack id>][<JSON>]`.
 *
 * Decoding is stricter than the reference, linear in the length of the text, and never throws: what is
 * malformed is `undefined`, and the connection that sent it has to be closed. Parsed values are
 * only walked to a bounded depth, since JSON that parses can be nested deeper than any stack.
 *
 * A packet with binary attachments comes as its text, decoded here to a packet with `attachments: n`, and
 * then n binary messages, which `placeAttachments` puts where they belong.
 *
 * Source: https://github.com/socketio/socket.io/blob/main/docs/socket.io-protocol/v5-current.md
 */
import { limits } from './limits.ts';

/** The name, which is never a reserved one, then the arguments. Nothing in them can be trusted to have a type. */
export type EventArgs = readonly [name: string, ...args: unknown[]];

export interface EventPacket {
  readonly type: 'event';
  readonly namespace: string;
  /** Present if the sender waits for an acknowledgement. */
  readonly ackId: number | undefined;
  readonly args: EventArgs;
  /** The JSON array that came, byte for byte; undefined if it has attachments. */
  readonly text: string | undefined;
  /** How many binary messages follow; 0 once they are placed. */
  readonly attachments: number;
}

export interface AckPacket {
  readonly type: 'ack';
  readonly namespace: string;
  readonly ackId: number;
  readonly args: readonly unknown[];
  readonly text: string | undefined;
  readonly attachments: number;
}

export type SocketPacket =
  | { readonly type: 'connect'; readonly namespace: string; readonly data?: Record<string, unknown> }
  | { readonly type: 'disconnect'; readonly namespace: string }
  | EventPacket
  | AckPacket
  | { readonly type: 'connect_error'; readonly namespace: string; readonly data: string | Record<string, unknown> };

/** Names with a meaning of their own in stock clients and servers. A peer that sends one is broken or hostile. */
const reservedNames: ReadonlySet<unknown> = new Set([
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
]);

const typeDigit = { connect: 0, disconnect: 1, event: 2, ack: 3, connectError: 4, binaryEvent: 5, binaryAck: 6 } as const;

/** Decodes the text of one packet. `undefined`: malformed. */
export function decodeSocketPacket(text: string): SocketPacket | undefined {
  const header = readHeader(text);
  if (header === undefined) return undefined;
  const { digit, namespace, ackId, attachments, json } = header;
  switch (digit) {
    case typeDigit.connect:
      return ackId === undefined ? connectPacket(namespace, json) : undefined;
    case typeDigit.disconnect:
      return ackId === undefined && json === '' ? { type: 'disconnect', namespace } : undefined;
    case typeDigit.connectError:
      return ackId === undefined ? connectErrorPacket(namespace, json) : undefined;
  }
  const args = parseJson(json);
  if (!Array.isArray(args)) return undefined;
  const argsText = attachments === 0 ? json : undefined;
  if (digit === typeDigit.event || digit === typeDigit.binaryEvent) {
    return isEventArgs(args) ? { type: 'event', namespace, ackId, args, text: argsText, attachments } : undefined;
  }
  return ackId === undefined ? undefined : { type: 'ack', namespace, ackId, args, text: argsText, attachments };
}

/**
 * Puts the binary messages that followed a packet in the places of their placeholders. The packet's arguments
 * are changed and belong to the result. `undefined`: a placeholder without its own attachment, an
 * attachment without a placeholder, or nesting beyond `limits.argsDepthMax`.
 */
export function placeAttachments<P extends EventPacket | AckPacket>(packet: P, buffers: readonly Uint8Array[]): P | undefined {
  if (buffers.length !== packet.attachments) return undefined;
  const pending: (Uint8Array | undefined)[] = [...buffers];
  if (!isContainer(packet.args) || !fillPlaceholders(packet.args, pending, 1)) return undefined;
  return pending.every((buffer) => buffer === undefined) ? { ...packet, attachments: 0 } : undefined;
}

/** A packet's text, and the binary messages to send right after it. The bytes are not copied. */
export interface EncodedPacket {
  readonly text: string;
  readonly attachments: readonly Uint8Array[];
}

/**
 * An event; typed arrays and array buffers in it become attachments.
 * Throws `RangeError` for arguments nested beyond `limits.argsDepthMax` or with more than `limits.attachmentsMax` binary values.
 */
export function encodeEvent(namespace: string, args: EventArgs, ackId?: number): EncodedPacket {
  return encodeArgs('event', namespace, args, ackId);
}

/** The answer to an event that came with `ackId`. Throws as `encodeEvent` does. */
export function encodeAck(namespace: string, ackId: number, args: readonly unknown[]): EncodedPacket {
  return encodeArgs('ack', namespace, args, ackId);
}

/** An event whose JSON array is at hand as text: `encodeEventText('/', '["hi",1]')` gives `2["hi",1]`. */
export function encodeEventText(namespace: string, argsJson: string, ackId?: number): string {
  return headerOf(typeDigit.event, namespace, ackId) + argsJson;
}

/** An acknowledgement whose JSON array is at hand as text. */
export function encodeAckText(namespace: string, ackId: number, argsJson: string): string {
  return headerOf(typeDigit.ack, namespace, ackId) + argsJson;
}

/** From a server: the namespace is joined, `data` is `{"sid":"…"}`. From a client: the request, with its credentials if any. */
export function encodeConnect(namespace: string, data?: Readonly<Record<string, unknown>>): string {
  return headerOf(typeDigit.connect, namespace) + (data === undefined ? '' : JSON.stringify(data));
}

/** The namespace is refused. Stock clients raise `connect_error` with this message and data. */
export function encodeConnectError(namespace: string, data: { readonly message: string; readonly data?: unknown }): string {
  return headerOf(typeDigit.connectError, namespace) + JSON.stringify(data);
}

/** The namespace is left, by either side. */
export function encodeDisconnect(namespace: string): string {
  return headerOf(typeDigit.disconnect, namespace);
}

interface Header {
  readonly digit: number;
  readonly attachments: number;
  readonly namespace: string;
  readonly ackId: number | undefined;
  /** What follows the header. */
  readonly json: string;
}

function readHeader(text: string): Header | undefined {
  const digit = text.charCodeAt(0) - 48;
  if (!(digit >= typeDigit.connect && digit <= typeDigit.binaryAck)) return undefined;
  let at = 1;

  let attachments = 0;
  if (digit === typeDigit.binaryEvent || digit === typeDigit.binaryAck) {
    const end = digitsEnd(text, at, 2);
    if (end === at || text[end] !== '-') return undefined;
    attachments = Number(text.slice(at, end));
    if (attachments < 1 || attachments > limits.attachmentsMax) return undefined;
    at = end + 1;
  }

  let namespace = '/';
  if (text[at] === '/') {
    const comma = text.indexOf(',', at);
    const end = comma === -1 ? text.length : comma;
    namespace = withoutQuery(text.slice(at, end));
    at = comma === -1 ? end : end + 1;
  }

  const end = digitsEnd(text, at, limits.ackIdDigitsMax + 1);
  if (end - at > limits.ackIdDigitsMax) return undefined;
  const ackId = end === at ? undefined : Number(text.slice(at, end));
  return { digit, attachments, namespace, ackId, json: text.slice(end) };
}

/** The end of the run of at most `max` digits that starts at `start`. */
function digitsEnd(text: string, start: number, max: number): number {
  let at = start;
  while (at - start < max && isDigit(text.charCodeAt(at))) at++;
  return at;
}

/** False for NaN too, which is the code of what follows the last character. */
function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Clients of Socket.IO 2 added their query string to the namespace. */
function withoutQuery(namespace: string): string {
  const mark = namespace.indexOf('?');
  return mark === -1 ? namespace : namespace.slice(0, mark);
}

function connectPacket(namespace: string, json: string): SocketPacket | undefined {
  if (json === '') return { type: 'connect', namespace };
  const data = parseJson(json);
  return isObject(data) ? { type: 'connect', namespace, data } : undefined;
}

function connectErrorPacket(namespace: string, json: string): SocketPacket | undefined {
  const data = parseJson(json);
  return typeof data === 'string' || isObject(data) ? { type: 'connect_error', namespace, data } : undefined;
}

/** `undefined`: not JSON, or white space around it, which no client sends and `JSON.parse` would let pass. */
function parseJson(json: string): unknown {
  if (json.charCodeAt(0) <= 32 || json.charCodeAt(json.length - 1) <= 32) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isEventArgs(args: readonly unknown[]): args is EventArgs {
  return typeof args[0] === 'string' && !reservedNames.has(args[0]);
}

/** Arrays count: their indexes are keys like any other. */
function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return isContainer(value) && !Array.isArray(value);
}

/**
 * Moves attachments from `pending` to their placeholders. False: malformed. Assigning to a key
 * `__proto__` is harmless here, because `JSON.parse` made it an own property.
 */
function fillPlaceholders(container: Record<string, unknown>, pending: (Uint8Array | undefined)[], depth: number): boolean {
  if (depth > limits.argsDepthMax) return false;
  for (const key of Object.keys(container)) {
    const value = container[key];
    if (!isContainer(value)) continue;
    if (value._placeholder !== true) {
      if (!fillPlaceholders(value, pending, depth + 1)) return false;
      continue;
    }
    const index = value.num;
    const buffer = typeof index === 'number' ? pending[index] : undefined;
    if (typeof index !== 'number' || buffer === undefined) return false;
    pending[index] = undefined;
    container[key] = buffer;
  }
  return true;
}

function headerOf(digit: number, namespace: string, ackId?: number): string {
  const end = namespace === '/' ? '' : `${namespace},`;
  return ackId === undefined ? digit + end : digit + end + ackId;
}

function encodeArgs(type: 'event' | 'ack', namespace: string, args: readonly unknown[], ackId: number | undefined): EncodedPacket {
  if (!hasBinary(args, 1)) return { text: headerOf(typeDigit[type], namespace, ackId) + JSON.stringify(args), attachments: [] };
  const attachments: Uint8Array[] = [];
  const json = JSON.stringify(withPlaceholders(args, attachments));
  if (attachments.length > limits.attachmentsMax) {
    throw new RangeError(`A packet has at most ${limits.attachmentsMax} binary values, this one has ${attachments.length}.`);
  }
  const digit = type === 'event' ? typeDigit.binaryEvent : typeDigit.binaryAck;
  const header = headerOf(digit, namespace, ackId);
  return { text: `${digit}${attachments.length}-${header.slice(1)}${json}`, attachments };
}

function hasBinary(value: unknown, depth: number): boolean {
  if (!isContainer(value)) return false;
  if (bytesOf(value) !== undefined) return true;
  if (depth > limits.argsDepthMax) throw new RangeError(`Arguments are nested deeper than ${limits.argsDepthMax} levels.`);
  for (const child of Object.values(value)) {
    if (hasBinary(child, depth + 1)) return true;
  }
  return false;
}

/** A copy with placeholders for binary values, which are appended to `attachments`. The caller has bounded the depth. */
function withPlaceholders(value: unknown, attachments: Uint8Array[]): unknown {
  if (!isContainer(value)) return value;
  const bytes = bytesOf(value);
  if (bytes !== undefined) return { _placeholder: true, num: attachments.push(bytes) - 1 };
  if (Array.isArray(value)) return value.map((child) => withPlaceholders(child, attachments));
  // A date, for example, says by itself what it is in JSON.
  if (typeof value.toJSON === 'function') return value;
  // Object.fromEntries defines properties, so that a key `__proto__` stays a key.
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, withPlaceholders(child, attachments)]));
}

function bytesOf(value: object): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined;
}
