/** A PostgreSQL server for the tests of a file, and a database for each. Without the program they are skipped. */
import { type PostgresServer, postgresMissing, startPostgres, testStoreOptions } from '@parley/testkit';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { SharedStore } from '../../ports/shared-store.ts';
import type { StoreOptions } from '../../ports/store.ts';
import { openPostgresStore, type PostgresOptions } from './open.ts';

export interface Databases {
  readonly server: PostgresServer;
  /** The URL of a new database with the schema. */
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
    const template = await server.createDatabase();
    await (await openStore({ url: template })).close();
    databases = { server, create: () => server.createDatabase(template) };
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
