import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { StoreStartError } from '../start-error.ts';
import { type Connection, connect } from './connection.ts';
import { refuseTransactionPooler } from './start-check.ts';
import { openStore, useDatabases } from './stores.test-support.ts';
import { connectionStringOf, parseTarget } from './target.ts';

const databases = useDatabases();

async function run(url: string, ...statements: readonly string[]): Promise<void> {
  const connection = await connect(parseTarget(url), { name: 'test', clock: systemClock, connectTimeoutMs: 5_000, answerTimeoutMs: 5_000 });
  for (const text of statements) await connection.query({ text, values: [] });
  await connection.close();
}

/** The sentence with which a store is not opened. */
async function refusal(url: string): Promise<string> {
  const error = await openStore({ url }).then(
    (store) => store.close(),
    (problem: unknown) => problem,
  );
  expect(error).toBeInstanceOf(StoreStartError);
  return error instanceof Error ? error.message : '';
}

test('a server whose settings could lose what was acknowledged is refused', async () => {
  const url = await databases().create();
  await run(url, 'ALTER SYSTEM SET full_page_writes = off', 'SELECT pg_reload_conf()', 'SELECT pg_sleep(0.2)');
  const message = await refusal(url);
  await run(url, 'ALTER SYSTEM RESET full_page_writes', 'SELECT pg_reload_conf()', 'SELECT pg_sleep(0.2)');
  expect(message).toContain('full_page_writes=off');
});

test('a database of a newer Parley, or of another program, is refused and left as it is', async () => {
  const { server } = databases();
  const newer = await server.createDatabase();
  await run(newer, 'CREATE TABLE meta (key text PRIMARY KEY, value text)', "INSERT INTO meta VALUES ('schema', '999')");
  expect(await refusal(newer)).toContain('was written by a newer Parley (schema 999');
  const foreign = await server.createDatabase();
  await run(foreign, 'CREATE TABLE messages (subject text)');
  expect(await refusal(foreign)).toContain('holds tables of another program');
});

test('a server that is not there, and a database that does not exist, are named without the password', async () => {
  const url = new URL(await databases().create());
  url.password = 'secret-word';
  url.pathname = '/missing';
  expect(await refusal(url.href)).toBe(
    `The PostgreSQL database missing at 127.0.0.1:${url.port} does not exist: create it with "createdb".`,
  );
  url.port = '1';
  const message = await refusal(url.href);
  expect(message).toContain("The PostgreSQL database missing at 127.0.0.1:1 can't be reached");
  expect(message).not.toContain('secret-word');
  expect(await refusal('mysql://root:secret-word@host/db')).not.toContain('secret-word');
});

test('several nodes that start at once on an empty database make its tables once', async () => {
  const url = await databases().server.createDatabase();
  const stores = await Promise.all([1, 2, 3].map(() => openStore({ url })));
  expect(new Set(stores.map(({ node }) => node)).size).toBe(3);
  await Promise.all(stores.map((store) => store.close()));
});

test('a pooler that changes connections between transactions is refused, one of sessions is not', async () => {
  const target = parseTarget('postgres://user@host/db');
  const answering = (processId: number, pids: readonly number[]): Connection => {
    const left = [...pids];
    return {
      processId,
      isUp: true,
      cut() {},
      close: async () => {},
      query: async <R>({ text }: { readonly text: string }) => (text.includes('pg_backend_pid') ? [{ pid: left.shift() } as R] : []),
    };
  };
  await refuseTransactionPooler(target, answering(1, [1]), answering(2, [2]));
  const pooled = refuseTransactionPooler(target, answering(1, [2]), answering(1, [1]));
  await expect(pooled).rejects.toThrow('pooler that changes connections between transactions');
});

test('a password comes from the URL, else from its file, and TLS is as libpq takes it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-password-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'password');
  writeFileSync(file, 'from file\n');
  const parametersOf = async (url: string, passwordFile?: string) =>
    Object.fromEntries(new URL(await connectionStringOf(parseTarget(url, passwordFile))).searchParams);
  expect(await parametersOf('postgres://user@host/db', file)).toEqual({ password: 'from file' });
  expect(await parametersOf('postgres://user:own@host/db', file)).toEqual({});
  expect(await parametersOf('postgres://user:own@host/db?sslmode=require')).toEqual({ sslmode: 'require', uselibpqcompat: 'true' });
  expect(await parametersOf('postgres://user:own@host/db?sslmode=disable')).toEqual({ sslmode: 'disable' });
});
