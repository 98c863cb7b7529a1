/**
 * What a request has to be before a session is looked at: the query, the protocol version, the origin.
 * The refusals and their order are the reference server's.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { HandshakeErrorName } from '@parley/protocol';
import { ENGINE_PROTOCOL } from '@parley/protocol';
import type { Clock } from '../lib/clock.ts';
import type { Handshake } from '../ports/connection.ts';
import type { ConnectOptions } from './options.ts';

export interface EngineRequest {
  readonly transport: 'polling' | 'websocket';
  /** The session it belongs to; undefined for one that asks for a session. */
  readonly sid: string | undefined;
  readonly query: Readonly<Record<string, string>>;
}

/** What is kept of the request that opened a session; CONNECT adds `auth`. */
export type SessionOrigin = Omit<Handshake, 'auth'>;

/** Query parameters beyond these are ignored. */
const queryKeysMax = 50;

/** Headers that say something of the connection rather than the client, or are bulky. */
const droppedHeaders = /^(?:connection|upgrade|pragma|cache-control|accept.*|sec-websocket-.*|sec-fetch-.*)$/;

export function readEngineRequest(req: IncomingMessage, isUpgrade: boolean, options: ConnectOptions): EngineRequest | HandshakeErrorName {
  const query = readQuery(req.url ?? '');
  const { transport, sid } = query;
  if (transport !== 'polling' && transport !== 'websocket') return 'transportUnknown';
  if (query.EIO !== String(ENGINE_PROTOCOL)) return 'unsupportedVersion';
  if (!isOriginAllowed(req.headers, options.corsOrigins)) return 'forbidden';
  if (sid === undefined && req.method !== 'GET') return 'badMethod';
  // `j` asks for JSONP, which would let any page read the answers.
  if ((transport === 'websocket') !== isUpgrade || query.j !== undefined) return 'badRequest';
  return { transport, sid, query };
}

/** A repeated parameter becomes one with a comma, as with headers, so that it is never what we look for. */
function readQuery(url: string): Record<string, string> {
  const mark = url.indexOf('?');
  const query = new Map<string, string>();
  if (mark !== -1) {
    for (const [key, value] of new URLSearchParams(url.slice(mark))) {
      const before = query.get(key);
      if (before !== undefined) query.set(key, `${before},${value}`);
      else if (query.size < queryKeysMax) query.set(key, value);
    }
  }
  // Object.fromEntries defines properties, so that `__proto__` is a key like any other.
  return Object.fromEntries(query);
}

/** Compared whole, never in part: `https://good.example.evil.com` and `https://good.example:8443` are other origins. */
function isOriginAllowed(headers: IncomingHttpHeaders, corsOrigins: ConnectOptions['corsOrigins']): boolean {
  const { origin, host } = headers;
  if (origin === undefined || corsOrigins === '*') return true;
  if (corsOrigins !== false) return corsOrigins.includes(origin);
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}

export function sessionOrigin(req: IncomingMessage, query: Readonly<Record<string, string>>, clock: Clock): SessionOrigin {
  return Object.freeze({
    address: req.socket.remoteAddress ?? '',
    headers: Object.freeze(keptHeaders(req.headers)),
    query: Object.freeze(query),
    issuedAtMs: clock.now(),
  });
}

function keptHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !droppedHeaders.test(name)) kept.push([name, String(value)]);
  }
  return Object.fromEntries(kept);
}
