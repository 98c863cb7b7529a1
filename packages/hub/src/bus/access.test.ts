/** Servers that want a password, or TLS. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  findProgram,
  natsProgram,
  postgresMissing,
  redisProgram,
  startNats,
  startPostgres,
  startRedis,
  type TestServer,
} from '@parley/testkit';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openBus } from './open-bus.ts';

/** Opens a bus and returns what it says of its state, once it is down or heard itself. */
async function tell(url: string, ca?: string): Promise<string> {
  const states: string[] = [];
  const heard: string[] = [];
  const bus = await openBus(url, { clusterId: 'c', ca, retryMinMs: 60_000, retryMaxMs: 60_000 })({
    onFrame: (frame) => heard.push(frame),
    onState: (state, reason) => states.push(reason === undefined ? state : `${state}: ${reason}`),
  });
  onTestFinished(() => bus.close());
  bus.publish('hello');
  if (states[0] === 'up') await expect.poll(() => heard, { timeout: 10_000 }).toEqual(['hello']);
  return states.join();
}

async function started(starting: Promise<TestServer>): Promise<number> {
  const server = await starting;
  onTestFinished(() => server.dispose());
  return server.port;
}

/** A certificate for 127.0.0.1 that signed itself. */
async function certificate(): Promise<{ readonly key: string; readonly cert: string; readonly pem: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-certificate-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-nodes', '-days', '1', '-subj', '/CN=parley', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', key, '-out', cert],
  ]);
  return { key, cert, pem: await readFile(cert, 'utf8') };
}

const needed = (programs: Readonly<Record<string, string | undefined>>): void =>
  beforeEach(({ skip }) => {
    const missing = Object.entries(programs).flatMap(([name, path]) => (path === undefined ? [name] : []));
    if (missing.length > 0) skip(`not installed: ${missing.join(', ')}`);
  });

describe('Redis', () => {
  needed({ 'redis-server': redisProgram, openssl: findProgram('openssl') });

  test('takes a password, and says why it refuses one', async () => {
    const port = await started(startRedis(() => ['--requirepass', 'hunter2']));
    expect(await tell(`redis://:hunter2@127.0.0.1:${port}`)).toBe('up');
    expect(await tell(`redis://default:hunter2@127.0.0.1:${port}`)).toBe('up');
    expect(await tell(`redis://:hunter3@127.0.0.1:${port}`)).toMatch(/^down: WRONGPASS .*$/);
    expect(await tell(`redis://127.0.0.1:${port}`)).toMatch(/^down: NOAUTH .*$/);
  });

  test('is reached over TLS, if its certificate is trusted', async () => {
    const { key, cert, pem } = await certificate();
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert, '--tls-auth-clients', 'no'];
    const port = await started(startRedis((plain) => [...files, '--tls-port', `${plain}`, '--port', '0']));
    expect(await tell(`rediss://127.0.0.1:${port}`, pem)).toBe('up');
    expect(await tell(`rediss://127.0.0.1:${port}`)).toMatch(/^down: .*certificate/);
  });
});

describe('NATS', () => {
  needed({ 'nats-server': natsProgram, openssl: findProgram('openssl') });

  test('takes a password or a token, and says why it refuses one', async () => {
    const port = await started(startNats(['--user', 'me', '--pass', 'hunter2']));
    expect(await tell(`nats://me:hunter2@127.0.0.1:${port}`)).toBe('up');
    expect(await tell(`nats://me:hunter3@127.0.0.1:${port}`)).toMatch(/^down: .*authorization/i);
    const guarded = await started(startNats(['--auth', 'token']));
    expect(await tell(`nats://token@127.0.0.1:${guarded}`)).toBe('up');
    expect(await tell(`nats://127.0.0.1:${guarded}`)).toMatch(/^down: .*authorization/i);
  });

  test('is reached over TLS, if its certificate is trusted', async () => {
    const { key, cert, pem } = await certificate();
    const port = await started(startNats(['--tls', '--tlscert', cert, '--tlskey', key]));
    expect(await tell(`tls://127.0.0.1:${port}`, pem)).toBe('up');
    expect(await tell(`tls://127.0.0.1:${port}`)).toMatch(/^down: .*certificate/);
    const open = await started(startNats());
    expect(await tell(`tls://127.0.0.1:${open}`)).toMatch(/^down: .*tls/);
  });

  test('of several servers any that answers is taken', async () => {
    const port = await started(startNats());
    expect(await tell(`nats://127.0.0.1:1,127.0.0.1:${port}`)).toBe('up');
    expect(await tell('nats://127.0.0.1:1,127.0.0.1:2')).toMatch(/^down: connect ECONNREFUSED/);
  });

  test('that takes smaller messages only says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-nats-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const config = join(folder, 'nats.conf');
    await writeFile(config, 'max_payload: 1000');
    const port = await started(startNats(['-c', config]));
    expect(await tell(`nats://127.0.0.1:${port}`)).toBe('down: max_payload of the server is 1000 bytes; Parley needs its default of 1 MB');
  });
});

describe('PostgreSQL', () => {
  needed({ postgresql: postgresMissing() === undefined ? 'there' : undefined });

  test('says why it refuses, without the password', async () => {
    const server = await startPostgres('-c fsync=off');
    onTestFinished(() => server.remove());
    const url = new URL(await server.createDatabase());
    url.password = 'hunter2';
    expect(await tell(url.href)).toBe('up');
    url.pathname = '/hunter2';
    expect(await tell(url.href)).toBe('down: database "***" does not exist');
  });
});
