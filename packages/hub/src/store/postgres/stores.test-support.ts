/** A PostgreSQL server for the tests of a file, and one database, which is emptied for each. Without the program they are skipped. */
import { type PostgresServer, postgresMissing, startPostgres, testStoreOptions } from '@parley/testkit';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { SharedStore } from '../../ports/shared-store.ts';
import type { StoreOptions } from '../../ports/store.ts';
import { connect } from './connection.ts';
import { openPostgresStore, type PostgresOptions } from './open.ts';
import { parseTarget } from './target.ts';

export interface Databases {
  readonly server: PostgresServer;
  /** Empties the database; returns its URL. */
  create(): Promise<string>;
}

export function openStore(options: Partial<StoreOptions & PostgresOptions> & { readonly url: string }): Promise<SharedStore> {
  return openPostgresStore({ ...testStoreOptions, onCommit() {}, countedForMs: 0, ...options });
}

/** To be called at the top of a file. */
export function useDatabases(): () => Databases {
  const missing = postgresMissing();
  let databases: Databases | undefined;

  beforeAll(async () => {
    if (missing !== undefined) return;
    const server = await startPostgres();
    const url = await server.createDatabase();
    await (await openStore({ url })).close();
    databases = {
      server,
      async create() {
        await empty(url);
        return url;
      },
    };
  });
  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(`not installed: ${missing}`);
  });
  afterAll(() => databases?.server.remove());

  return () => {
    if (databases === undefined) throw new Error('there is no server yet');
    return databases;
  };
}

/** All tables but for what was made with them. */
async function empty(url: string): Promise<void> {
  const connection = await connect(parseTarget(url), {
    name: 'emptying',
    clock: systemClock,
    connectTimeoutMs: 5_000,
    answerTimeoutMs: 30_000,
  });
  const [row] = await connection.query<{ names: string }>({
    text: `SELECT string_agg(format('%I', tablename), ', ') AS names FROM pg_tables
      WHERE schemaname = current_schema() AND tablename <> 'meta'`,
    values: [],
  });
  await connection.query({ text: `TRUNCATE ${row?.names}`, values: [] });
  await connection.query({ text: "DELETE FROM meta WHERE key <> 'schema'", values: [] });
  await connection.close();
}
