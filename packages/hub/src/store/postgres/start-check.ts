/** What is checked of a server before a store rests on it. A refusal is one sentence for the operator. */
import { describe } from '../outcome.ts';
import { StoreStartError } from '../start-error.ts';
import { type Connection, type ConnectOptions, connect, type Sql, sqlState } from './connection.ts';
import type { Target } from './target.ts';

const oldestVersion = 13;

/** On these rests that what was acknowledged outlives a crash of the server. */
const requiredSettings: Readonly<Record<string, string>> = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };

/** Connects for the first time. */
export async function firstConnection(target: Target, options: ConnectOptions): Promise<Connection> {
  try {
    return await connect(target, options);
  } catch (error) {
    throw new StoreStartError(explain(target, error), { cause: error });
  }
}

export async function checkServer(target: Target, sql: Sql): Promise<void> {
  const rows = await sql.query<{ name: string; setting: string }>({
    text: "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'server_version_num', 'server_encoding')",
    values: [],
  });
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]));
  const version = Math.floor(Number(settings.get('server_version_num')) / 10_000);
  if (!(version >= oldestVersion)) {
    throw new StoreStartError(`${target.description} is of version ${version}: Parley needs PostgreSQL ${oldestVersion} or newer.`);
  }
  for (const [name, wanted] of Object.entries(requiredSettings)) {
    const found = settings.get(name);
    if (found !== wanted) {
      throw new StoreStartError(`${target.description} runs with ${name}=${found}, so a crash could lose messages: set ${name}=${wanted}.`);
    }
  }
  if (settings.get('server_encoding') !== 'UTF8') {
    throw new StoreStartError(`${target.description} can't hold all text: create it with ENCODING 'UTF8'.`);
  }
  const [state] = await sql.query<{ standby: boolean }>({ text: 'SELECT pg_is_in_recovery() AS standby', values: [] });
  if (state?.standby !== false) throw new StoreStartError(`${target.description} is a standby: name the primary with --store.`);
}

/**
 * A pooler that hands out server connections by the transaction breaks prepared statements, settings and locks. While `second` is in a
 * transaction, `first` can't be given the server connection of `second`.
 */
export async function refuseTransactionPooler(target: Target, first: Connection, second: Connection): Promise<void> {
  if (await haveTheirOwn(first, second).catch(() => false)) return;
  throw new StoreStartError(
    `${target.description} is reached through a pooler that changes connections between transactions: ` +
      'give Parley the address of the server itself, or a pooler in session mode.',
  );
}

async function haveTheirOwn(first: Connection, second: Connection): Promise<boolean> {
  await second.query({ text: 'BEGIN', values: [] });
  const [ofSecond, ofFirst] = [await processIdOf(second), await processIdOf(first)];
  await second.query({ text: 'COMMIT', values: [] });
  return ofFirst === first.processId && ofSecond === second.processId && ofFirst !== ofSecond;
}

async function processIdOf(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid', values: [] });
  return row?.pid ?? 0;
}

function explain(target: Target, error: unknown): string {
  const state = sqlState(error);
  const detail = describe(error);
  if (state === '3D000') return `${target.description} does not exist: create it with "createdb".`;
  if (state === '28P01' || state === '28000') {
    return `${target.description} refuses the user or the password: correct the URL, PGPASSWORD, PGPASSFILE or the password file.`;
  }
  if (state === '53300') return `${target.description} has no connection left: raise max_connections, or stop other programs.`;
  if (error instanceof Error && 'syscall' in error && error.syscall === 'open') return `The password file can't be read (${detail}).`;
  return `${target.description} can't be reached (${detail}): start it, or correct the address with --store.`;
}
