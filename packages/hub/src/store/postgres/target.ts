/** Which database, and with which password. Neither the URL nor the password is ever part of a message. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { StoreStartError } from '../start-error.ts';

export interface Target {
  readonly url: URL;
  /** A file that holds the password, for a URL without one. Read at each connection. */
  readonly passwordFile: string | undefined;
  /** For messages: `database at host:port`. */
  readonly description: string;
}

export function parseTarget(text: string, passwordFile?: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw new StoreStartError('The address of the store is no URL of PostgreSQL: write it as postgres://user@host:port/database.');
  }
  return { url, passwordFile, description: describe(partsOf(url)) };
}

/** For `pg`, which knows the URLs of libpq but for what `sslmode` means, and where a password may be found. */
export async function connectionStringOf({ url, passwordFile }: Target): Promise<string> {
  const complete = new URL(url);
  const mode = complete.searchParams.get('sslmode') ?? env.PGSSLMODE;
  if (mode !== undefined && mode !== 'disable') {
    complete.searchParams.set('sslmode', mode === 'allow' ? 'prefer' : mode);
    complete.searchParams.set('uselibpqcompat', 'true');
  }
  const password = complete.password === '' ? await findPassword(url, passwordFile) : undefined;
  if (password !== undefined) complete.searchParams.set('password', password);
  return complete.href;
}

async function findPassword(url: URL, passwordFile: string | undefined): Promise<string | undefined> {
  if (url.searchParams.has('password')) return undefined;
  if (passwordFile !== undefined) return (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '');
  if (env.PGPASSWORD !== undefined) return env.PGPASSWORD;
  const lines = await readFile(env.PGPASSFILE ?? join(homedir(), '.pgpass'), 'utf8').catch(() => '');
  return passwordIn(lines, partsOf(url));
}

interface Parts {
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
}

function partsOf(url: URL): Parts {
  const user = decodeURIComponent(url.username) || url.searchParams.get('user') || env.PGUSER || env.USER || '';
  return {
    host: url.searchParams.get('host') || decodeURIComponent(url.hostname) || env.PGHOST || 'localhost',
    port: url.port || url.searchParams.get('port') || env.PGPORT || '5432',
    database: decodeURIComponent(url.pathname.slice(1)) || env.PGDATABASE || user,
    user,
  };
}

const describe = ({ host, port, database }: Parts): string => `The PostgreSQL database ${database} at ${host}:${port}`;

/** The lines of a `.pgpass`: host:port:database:user:password, where `*` is anything and `\` escapes. The first that fits counts. */
function passwordIn(lines: string, { host, port, database, user }: Parts): string | undefined {
  const wanted = [host, port, database, user];
  for (const line of lines.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/g)].map(([, field = '']) => field.replace(/\\(.)/g, '$1'));
    if (fields.length > wanted.length && wanted.every((value, index) => fields[index] === '*' || fields[index] === value)) return fields[4];
  }
  return undefined;
}
