/**
 * Which web pages and under which names the hub may be asked. It concerns browsers: they run pages of strangers, which reach
 * what its user can reach, the loopback address too, but they can't change the headers `Origin` and `Host`.
 *
 * - `Origin` says whose page asks. Requests without it pass: browsers send it with every request that matters here.
 * - A page whose name was made to point at the loopback address (DNS rebinding) is of the hub's own origin for the browser;
 *   its `Host` gives it away. So over the loopback address only loopback names are answered, and those that are listed.
 */
import type { IncomingMessage } from 'node:http';
import type { ConnectOptions } from './options.ts';

/** Why a request is refused, for whoever runs the hub; undefined if it is not. */
export function accessProblem(
  req: IncomingMessage,
  { corsOrigins, hosts }: Pick<ConnectOptions, 'corsOrigins' | 'hosts'>,
): string | undefined {
  const { origin, host } = req.headers;
  if (!isHostAllowed(req.socket.localAddress, host, hosts)) {
    return `Forbidden: the hub is not known as "${host ?? ''}". If it should be, list that name in the option "hosts".`;
  }
  if (!isOriginAllowed(origin, host, corsOrigins)) {
    return `Forbidden: pages of the origin "${origin}" may not connect. If they should, list it in the option "cors.origins".`;
  }
  return undefined;
}

/** Compared whole, never in part: `https://good.example.evil.com` and `https://good.example:8443` are other origins. */
export function isOriginAllowed(origin: string | undefined, host: string | undefined, corsOrigins: ConnectOptions['corsOrigins']): boolean {
  if (origin === undefined || corsOrigins === '*') return true;
  if (typeof corsOrigins === 'object') return corsOrigins.includes(origin);
  if (host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)) return true;
  return corsOrigins === 'local' && /^https?:\/\//.test(origin) && isLoopbackName(nameOf(origin.replace(/^https?:\/\//, '')));
}

function isHostAllowed(localAddress: string | undefined, host: string | undefined, hosts: readonly string[]): boolean {
  if (localAddress === undefined || !isLoopbackName(localAddress.replace(/^::ffff:/, ''))) return true;
  // A client of HTTP/1.0 may leave it out. Browsers never do.
  if (host === undefined) return true;
  const name = nameOf(host);
  return isLoopbackName(name) || hosts.some((listed) => listed.toLowerCase() === name);
}

/** Without the port. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}

const loopbackName = /^(?:(?:[a-z0-9_-]+\.)*localhost\.?|127(?:\.\d{1,3}){3}|\[::1\]|::1)$/;

function isLoopbackName(name: string): boolean {
  return loopbackName.test(name);
}
