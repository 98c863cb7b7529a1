/** A node that can't start says why in one line, without the password, and ends with exit code 1. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type PostgresServer, postgresMissing, startPostgres } from '@parley/testkit';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { startHubProcess } from '../../support/hub-process.ts';

const main = fileURLToPath(new URL('../../../packages/hub/src/main.ts', import.meta.url));
const missing = postgresMissing();
let server: PostgresServer | undefined;

beforeEach(({ skip }) => {
  if (missing !== undefined) skip(`not installed: ${missing}`);
});
beforeAll(async () => {
  if (missing === undefined) server = await startPostgres();
});
afterAll(() => server?.remove());

async function start(...args: readonly string[]): Promise<{ readonly code: unknown; readonly lines: readonly string[] }> {
  const child = spawn(process.execPath, [main, '--port', '0', '--log.level', 'error', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const [code] = await once(child, 'close');
  return { code, lines: output.trimEnd().split('\n') };
}

const port = () => server?.port ?? 0;
const one = (line: RegExp) => ({ code: 1, lines: [expect.stringMatching(line)] });

test('no server, or no such database', async () => {
  expect(await start('--store', 'postgres://postgres:secret@127.0.0.1:1/parley')).toEqual(
    one(/^parley: The PostgreSQL database parley at 127\.0\.0\.1:1 can't be reached \(.*ECONNREFUSED.*--store\.$/),
  );
  expect(await start('--store', `postgres://postgres:secret@127.0.0.1:${port()}/none`)).toEqual(
    one(/^parley: The PostgreSQL database none at .* does not exist: create it with "createdb"\.$/),
  );
});

test('no such user', async () => {
  const { code, lines } = await start('--store', `postgres://nobody:secret@127.0.0.1:${port()}/postgres`);
  expect({ code, lines }).toEqual(one(/^parley: The PostgreSQL database postgres at .* refuses the user or the password: /));
});

test('a password file that is not there', async () => {
  const store = `postgres://postgres@127.0.0.1:${port()}/postgres`;
  expect(await start('--store', store, '--store.password-file', '/none')).toEqual(one(/^parley: The password file can't be read .*\.$/));
});

test('an address that the bus can not have', async () => {
  const store = (await server?.createDatabase()) ?? '';
  const { code, lines } = await start('--store', store, '--bus', 'redis://127.0.0.1:6379/x?secret=y');
  expect({ code, count: lines.length, first: lines[0] }).toEqual({ code: 1, count: 1, first: expect.stringMatching(/^parley: .*redis/i) });
});

test('an internal listener whose port is taken, or whose address is not of this machine', async () => {
  const store = (await server?.createDatabase()) ?? '';
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const address = other.address();
  const taken = typeof address === 'object' && address !== null ? address.port : 0;
  expect(await start('--store', store, '--cluster.address', `127.0.0.1:${taken}`)).toEqual(
    one(
      new RegExp(
        `^parley: Port ${taken} of 127\\.0\\.0\\.1 is in use by another program\\. Choose another one with --cluster\\.address\\.$`,
      ),
    ),
  );
  expect(await start('--store', store, '--cluster.address', '192.0.2.1:7000')).toEqual(
    one(/^parley: This machine has no address "192\.0\.2\.1"\. Choose another one with --cluster\.address\.$/),
  );
});

test('a bus that is not there is no reason not to start', async () => {
  const store = (await server?.createDatabase()) ?? '';
  const hub = await startHubProcess({ args: ['--store', store, '--bus', 'redis://:secret@127.0.0.1:1'] });
  onTestFinished(hub.kill);
  expect((await fetch(`${hub.url}/ready`)).status).toBe(200);
  expect(hub.output()).not.toContain('secret');
  expect(await hub.stop()).toBe(0);
});
