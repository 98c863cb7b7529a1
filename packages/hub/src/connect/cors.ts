import type { IncomingMessage, ServerResponse } from 'node:http';
import { isOriginAllowed } from './access.ts';
import type { ConnectOptions } from './options.ts';

/** How long a browser may remember the answer to a preflight. Chrome's own maximum. */
const preflightSeconds = 7200;

/** Sets the response headers by which a browser lets a page of an allowed origin read the answer. */
export function setCorsHeaders(req: IncomingMessage, res: ServerResponse, corsOrigins: ConnectOptions['corsOrigins']): void {
  const { origin, host } = req.headers;
  if (corsOrigins === '*') {
    res.setHeader('Access-Control-Allow-Origin', '*');
  } else if (corsOrigins !== false) {
    res.setHeader('Vary', 'Origin');
    if (origin === undefined || !isOriginAllowed(origin, host, corsOrigins)) return;
    res.setHeader('Access-Control-Allow-Origin', origin);
    res.setHeader('Access-Control-Allow-Credentials', 'true');
  }
}

/** Answers a browser's question whether it may send a request. False: it is no such question, or nobody may. */
export function answerPreflight(req: IncomingMessage, res: ServerResponse, corsOrigins: ConnectOptions['corsOrigins']): boolean {
  if (req.method !== 'OPTIONS' || corsOrigins === false) return false;
  const wanted = req.headers['access-control-request-headers'];
  res.setHeader('Access-Control-Allow-Methods', 'GET,POST');
  res.setHeader('Access-Control-Max-Age', preflightSeconds);
  if (wanted !== undefined) res.setHeader('Access-Control-Allow-Headers', wanted);
  res.writeHead(204, { 'Content-Length': 0 });
  res.end();
  return true;
}
