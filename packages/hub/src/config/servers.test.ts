import { describe, expect, test } from 'vitest';
import { checkHubOptions, OptionsError } from './check.ts';
import { loadConfig } from './load.ts';
import { splitAddress, withoutPasswords } from './servers.ts';

const database = 'postgres://parley@db.example/parley';
const example = 'postgres://parley@127.0.0.1/parley';

function load(argv: readonly string[], files: Readonly<Record<string, string>> = {}) {
  const readFile = (path: string): string => {
    const file = files[path];
    if (file === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return file;
  };
  return loadConfig({ argv, env: {}, readFile });
}

function problemsOf(...argv: string[]): readonly string[] {
  const loaded = load(argv);
  return 'problem' in loaded ? loaded.problem.split('\n') : [];
}

function problemsInCode(given: object): readonly string[] {
  try {
    checkHubOptions(given);
    return [];
  } catch (error) {
    return error instanceof OptionsError ? error.problems : [String(error)];
  }
}

describe('a cluster', () => {
  test.each([
    ['--store', database],
    ['--store', 'postgresql://db.example:5433/parley?sslmode=require'],
    ['--store', 'postgres://parley@%2Frun%2Fpostgresql/parley'],
    ['--store', database, '--store.password-file', '/run/secrets/db'],
    ['--store', database, '--bus', 'redis://127.0.0.1:6379/2'],
    ['--store', database, '--bus', 'rediss://redis.example', '--cluster.address', '10.0.0.5:7000'],
    ['--store', database, '--bus', 'nats://127.0.0.1', '--cluster.address', '[fd00::5]:0'],
    ['--store', database, '--bus', 'tls://nats.example'],
    ['--store', 'sqlite', '--bus', 'notify'],
  ])('%s %s %s %s %s %s', (...argv) => {
    expect(problemsOf(...argv)).toEqual([]);
  });

  test('is read from the file beside options whose names begin alike', () => {
    const loaded = (file: object) => load(['--config', 'f'], { f: JSON.stringify(file) });
    expect(loaded({ store: database, 'store.max_pending': 9 })).toMatchObject({ config: { store: database, pendingWritesMax: 9 } });
    expect(loaded({ store: { max_pending: 9 } })).toMatchObject({ config: { store: 'sqlite', pendingWritesMax: 9 } });
  });

  test('of an application needs no folder', () => {
    expect(checkHubOptions({ store: database, bus: 'nats://127.0.0.1', clusterAddress: '10.0.0.5:7000' })).toMatchObject({
      store: database,
    });
    expect(problemsInCode({ store: 'sqlite' })).toHaveLength(1);
    expect(problemsInCode({ store: database, data: './messages' })).toEqual([
      'data (./messages) is the folder of a hub with a file of its own, and store names a PostgreSQL database: leave one of them out.',
    ]);
  });
});

describe('what does not fit together, and what to do', () => {
  test.each([
    [
      ['--bus', 'redis://127.0.0.1'],
      `A bus connects nodes that share a PostgreSQL database, and this hub has a file of its own: name that database as store, such as ${example}, or leave bus out.`,
    ],
    [
      ['--cluster.address', '10.0.0.5:7000'],
      `cluster.address (10.0.0.5:7000) is for the other nodes of a cluster, which share a PostgreSQL database: name that database as store, such as ${example}, or leave it out.`,
    ],
    [
      ['--store', database, '--data', 'x'],
      'data (x) is the folder of a hub with a file of its own, and store names a PostgreSQL database: leave one of them out.',
    ],
    [
      ['--store.password-file', 'f'],
      `store.password_file is for a PostgreSQL database: name that database as store, such as ${example}, or leave it out.`,
    ],
    [
      ['--store', 'postgres://parley:secret@db.example/parley', '--store.password-file', 'f'],
      'The URL of store has a password, and store.password_file names another: leave one of them out.',
    ],
  ])('%j', (argv, problem) => {
    expect(problemsOf(...argv)).toEqual([problem]);
  });

  test.each(['mysql://db.example/parley', 'postgres:///parley', 'postgres', 'SQLite', 'postgres://a b@c/d'])('the store %s', (store) => {
    expect(problemsOf('--store', store)[0]).toMatch(
      /^store must be "sqlite" or the URL of a PostgreSQL database such as .* \(from --store\)\.$/,
    );
  });

  test.each(['kafka://127.0.0.1', 'redis', 'nats:4222'])('the bus %s', (bus) => {
    expect(problemsOf('--store', database, '--bus', bus)[0]).toMatch(/^bus must be "notify" or the URL of a Redis or NATS server such as /);
  });

  test.each(['10.0.0.5', '0.0.0.0:7000', '[::]:7000', '10.0.0.5:70000', ':7000', 'http://10.0.0.5:7000'])('the address %s', (address) => {
    expect(problemsOf('--store', database, '--cluster.address', address)[0]).toMatch(
      /^cluster\.address must be the host and port by which/,
    );
  });
});

describe('a password', () => {
  test.each([
    ['--store', 'postgres://parley:secret@db.example/parley', '--data', 'x'],
    ['--store', 'mysql://parley:secret@db.example/parley'],
    ['--store', 'postgres:/parley:sec@ret@db.example/parley'],
    ['--store', 'postgres://parley@db.example/ parley?password=secret&sslmode=require'],
    ['--bus', 'redis://:secret@db.example'],
    ['--bus', 'redis://:sec ret@db.example'],
    ['--port', 'nats://a:secret@db.example'],
    ['postgres://parley:secret@db.example/parley'],
  ])('is never shown: %s %s', (...argv) => {
    const said = problemsOf(...argv).join();
    expect(said).not.toBe('');
    expect(said).not.toMatch(/sec|ret@/);
    expect(problemsInCode({ data: 'x', [argv[0]?.slice(2) ?? '']: argv[1] }).join()).not.toMatch(/sec(?!onds)|ret@/);
  });
});

test('what is shown of a URL tells where it leads', () => {
  expect(withoutPasswords('postgres://parley:secret@db.example/parley')).toBe('postgres://…@db.example/parley');
  expect(withoutPasswords('redis://127.0.0.1:6379')).toBe('redis://127.0.0.1:6379');
});

test('an address is a host and a port', () => {
  expect([splitAddress('10.0.0.5:7000'), splitAddress('[::1]:0')]).toEqual([
    { host: '10.0.0.5', port: 7000 },
    { host: '::1', port: 0 },
  ]);
});
