/** The address of a bus, which is given as one text. */

/** One sentence for the operator. It shows nothing of the address, which may have a password. */
export class BusAddressError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BusAddressError';
  }
}

export interface Server {
  readonly host: string;
  readonly port: number;
}

export interface ServerAddress {
  readonly isTls: boolean;
  /** Any of them will do. */
  readonly servers: readonly [Server, ...Server[]];
  readonly user: string;
  readonly password: string;
}

export type BusAddress =
  | { readonly kind: 'redis' | 'nats'; readonly server: ServerAddress; readonly secrets: readonly string[] }
  | { readonly kind: 'notify'; readonly url: string };

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
  const hostsAt = text.lastIndexOf('@') + 1;
  const [first = '', ...others] = text.slice(hostsAt).split(',');
  const url = urlOf(text.slice(0, hostsAt) + first);
  const found = url === undefined ? undefined : kinds[url.protocol];
  if (url === undefined || found === undefined) {
    throw new BusAddressError(`The address of the bus is none that Parley knows: give one such as ${examples}.`);
  }
  if (found.kind === 'notify') {
    // The driver reads it, with all that libpq allows in it.
    return { kind: 'notify', url: text };
  }
  const example = found.kind === 'redis' ? 'redis://user:password@127.0.0.1:6379' : 'nats://user:password@127.0.0.1:4222,127.0.0.1:4223';
  const isPlain = url.search === '' && url.hash === '' && /^\/?\d*$/.test(url.pathname);
  const server = serverOf(url, found.port);
  const more = others.map((other) => serverOf(urlOf(`${url.protocol}//${other.replace(/^\w+:\/\//, '')}`), found.port));
  const known = more.filter((other) => other !== undefined);
  const isUnfit = found.kind === 'redis' && (more.length > 0 || (url.username !== '' && url.password === ''));
  if (!isPlain || isUnfit || server === undefined || known.length < more.length) {
    throw new BusAddressError(`The address of the bus may have a user, a password, a host and a port, as in ${example}.`);
  }
  const [user, password] = [decoded(url.username, example), decoded(url.password, example)];
  // A lone user is a token to NATS.
  const token = found.kind === 'nats' && password === '' ? user : '';
  const address = { isTls: found.isTls, servers: [server, ...known], user, password } as const;
  return { kind: found.kind, server: address, secrets: secretsOf(url.password, password, token) };
}

/** What is secret in what the driver of PostgreSQL reads. */
export function databaseSecrets(connectionString: string): readonly string[] {
  const url = urlOf(connectionString);
  const given = [url?.password ?? '', url?.searchParams.get('password') ?? ''];
  return secretsOf(...given, ...given.map((text) => encodeURIComponent(text)));
}

/** The text without the secrets, which a driver may have put into the error of a connection. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function serverOf(url: URL | undefined, port: number): Server | undefined {
  if (url === undefined || url.hostname === '') return undefined;
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? port : Number(url.port) };
}

function decoded(text: string, example: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new BusAddressError(`In the address of the bus, a "%" in the user or the password is written %25, as in ${example}.`);
  }
}

/** Very short ones are left: replacing them would only show where they are. */
function secretsOf(...texts: readonly string[]): string[] {
  return texts.filter((text) => text.length > 3);
}
