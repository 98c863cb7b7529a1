/**
 * What a request has to be before a session is looked at: the query, the protocol version, the origin.
 * The refusals and their order are the reference server's.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { HandshakeErrorName } from '@parley/protocol';
import { ENGINE_PROTOCOL } from '@parley/protocol';
import type { Clock } from '../lib/clock.ts';
import type { Handshake } from '../ports/connection.ts';
import { accessProblem } from './access.ts';
import type { ConnectOptions } from './options.ts';
import { OLD_ENGINE_PROTOCOL } from './protocol-3.ts';

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
const queryCharactersMax = 4096;

/** What an authenticator may ask for; with any header whose name begins with `x-`. The first ones are kept first. */
const keptHeaders = ['authorization', 'cookie', 'origin', 'host', 'user-agent', 'accept-language', 'referer', 'forwarded'];
/** All of them together. A header that does not fit is left out whole: half a cookie could be another one. */
const headerCharactersMax = 8192;

export function readEngineRequest(
  req: IncomingMessage,
  isUpgrade: boolean,
  options: ConnectOptions,
): EngineRequest | HandshakeErrorName | 'protocol_3' {
  const query = readQuery(req.url ?? '');
  const { transport, sid } = query;
  if (transport !== 'polling' && transport !== 'websocket') return 'transportUnknown';
  const isOld = query.EIO === String(OLD_ENGINE_PROTOCOL) && sid === undefined;
  if (query.EIO !== String(ENGINE_PROTOCOL) && !isOld) return 'unsupportedVersion';
  if (accessProblem(req, options) !== undefined) return 'forbidden';
  if (sid === undefined && req.method !== 'GET') return 'badMethod';
  // `j` asks for JSONP, which would let any page read the answers.
  if ((transport === 'websocket') !== isUpgrade || query.j !== undefined) return 'badRequest';
  return isOld ? 'protocol_3' : { transport, sid, query };
}

/** A repeated parameter becomes one with a comma, as with headers, so that it is never what we look for. */
function readQuery(url: string): Record<string, string> {
  const mark = url.indexOf('?');
  const query = new Map<string, string>();
  let characters = 0;
  if (mark !== -1) {
    for (const [key, value] of new URLSearchParams(url.slice(mark))) {
      characters += key.length + value.length;
      if (characters > queryCharactersMax) break;
      const before = query.get(key);
      if (before !== undefined) query.set(key, `${before},${value}`);
      else if (query.size < queryKeysMax) query.set(key, value);
    }
  }
  // Object.fromEntries defines properties, so that `__proto__` is a key like any other.
  return Object.fromEntries(query);
}

export function sessionOrigin(req: IncomingMessage, query: Readonly<Record<string, string>>, address: string, clock: Clock): SessionOrigin {
  return Object.freeze({
    address,
    headers: Object.freeze(headersOf(req.headers)),
    query: Object.freeze(query),
    issuedAtMs: clock.now(),
  });
}

function headersOf(headers: IncomingHttpHeaders): Record<string, string> {
  const names = [...keptHeaders, ...Object.keys(headers).filter((name) => name.startsWith('x-'))];
  const kept: [string, string][] = [];
  let characters = 0;
  for (const name of names) {
    const value = headers[name];
    if (value === undefined) continue;
    const size = name.length + String(value).length;
    if (characters + size > headerCharactersMax) continue;
    characters += size;
    kept.push([name, String(value)]);
  }
  return Object.fromEntries(kept);
}
