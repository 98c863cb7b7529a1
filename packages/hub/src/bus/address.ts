/** The address of a bus, which is given as one text. */

/** One sentence for the operator. It shows nothing of the address, which may have a password. */
export class BusAddressError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BusAddressError';
  }
}

export interface ServerAddress {
  readonly isTls: boolean;
  /** `host:port` each; any of them. */
  readonly servers: readonly [string, ...string[]];
  readonly user: string;
  readonly password: string;
}

export type BusAddress =
  | { readonly kind: 'redis' | 'nats'; readonly server: ServerAddress; readonly secrets: readonly string[] }
  | { readonly kind: 'notify'; readonly url: string; readonly secrets: readonly string[] };

const examples = 'redis://127.0.0.1:6379, nats://127.0.0.1:4222 or postgres://parley@127.0.0.1/parley';

const kinds: Readonly<Record<string, { readonly kind: BusAddress['kind']; readonly isTls: boolean; readonly port: number }>> = {
  'redis:': { kind: 'redis', isTls: false, port: 6379 },
  'rediss:': { kind: 'redis', isTls: true, port: 6379 },
  'nats:': { kind: 'nats', isTls: false, port: 4222 },
  'tls:': { kind: 'nats', isTls: true, port: 4222 },
  'postgres:': { kind: 'notify', isTls: false, port: 5432 },
  'postgresql:': { kind: 'notify', isTls: false, port: 5432 },
};

/** Throws a `BusAddressError`. */
export function parseBusAddress(text: string): BusAddress {
  // NATS takes several servers: nats://user:password@one:4222,two:4222
  const [first = '', ...others] = text.split(',');
  const url = urlOf(first);
  const found = url === undefined ? undefined : kinds[url.protocol];
  if (url === undefined || found === undefined) {
    throw new BusAddressError(`The address of the bus is none that Parley knows: give one such as ${examples}.`);
  }
  if (found.kind === 'notify') {
    // The driver reads it, with all that libpq allows in it.
    return { kind: 'notify', url: text, secrets: secretsOf(url, url.searchParams.get('password') ?? '') };
  }
  const example = found.kind === 'redis' ? 'redis://user:password@127.0.0.1:6379' : 'nats://user:password@127.0.0.1:4222,127.0.0.1:4223';
  const isPlain = url.hostname !== '' && url.search === '' && url.hash === '' && /^\/?\d*$/.test(url.pathname);
  const servers = others.map((other) => hostOf(urlOf(`${url.protocol}//${other.replace(/^\w+:\/\//, '')}`), found.port));
  if (!isPlain || servers.includes('') || (servers.length > 0 && found.kind === 'redis')) {
    throw new BusAddressError(`The address of the bus may have a user, a password, a host and a port, as in ${example}.`);
  }
  const server: ServerAddress = {
    isTls: found.isTls,
    servers: [hostOf(url, found.port), ...servers],
    user: decoded(url.username, example),
    password: decoded(url.password, example),
  };
  // A lone user is a token to NATS.
  return {
    kind: found.kind,
    server,
    secrets: secretsOf(url, server.password, found.kind === 'nats' && server.password === '' ? server.user : ''),
  };
}

/** For logs: without what is secret. */
export function shownBusAddress(text: string): string {
  const { protocol, host } = urlOf(text.split(',')[0] ?? '') ?? {};
  return protocol === undefined || host === undefined ? 'unknown' : `${protocol}//${host}`;
}

/** The text without the secrets, which a driver may have put into the error of a connection. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function hostOf(url: URL | undefined, port: number): string {
  return url === undefined || url.hostname === '' ? '' : `${url.hostname}:${url.port === '' ? port : url.port}`;
}

function decoded(text: string, example: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new BusAddressError(`In the address of the bus, a "%" in the user or the password is written %25, as in ${example}.`);
  }
}

/** Very short ones are left: replacing them would only show where they are. */
function secretsOf(url: URL, ...more: readonly string[]): string[] {
  return [url.password, ...more].filter((secret) => secret.length > 3);
}
