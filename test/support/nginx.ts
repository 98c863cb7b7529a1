/** A real nginx in front of hubs, as Debian packages it (nginx-light). */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent, get, type RequestOptions } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { temporaryFolder } from './hub-process.ts';

/** Undefined where there is none. */
export const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/bin/nginx'].find(existsSync);

export const publicName = 'chat.example.com';

/** Runs nginx with these parts of the block `http` until the test is over; they stand as in the documentation. Resolves with its URL. */
export async function startNginx(http: string, hubPort: number): Promise<string> {
  const folder = await temporaryFolder();
  const inFolder = (name: string): string => join(folder.path, name);
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-nodes', '-days', '1', '-subj', `/CN=${publicName}`, '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
    ...['-keyout', inFolder(`${publicName}.key`), '-out', inFolder(`${publicName}.pem`)],
  ]);
  const port = await freePort();
  const tested = http
    .replaceAll('listen 443', `listen 127.0.0.1:${port}`)
    .replaceAll('/etc/ssl', folder.path)
    .replaceAll('127.0.0.1:5000', `127.0.0.1:${hubPort}`);
  const url = `https://${publicName}:${port}`;
  await runNginx(tested, folder, () => fetchFrom(url, '/'));
  return url;
}

/** Runs nginx with these parts of the block `http` until the test is over. Resolves when `ask` does. */
export async function runNginx(
  http: string,
  folder: Awaited<ReturnType<typeof temporaryFolder>>,
  ask: () => Promise<unknown>,
): Promise<void> {
  const inFolder = (name: string): string => join(folder.path, name);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${inFolder(name)};`);
  // One process, which changes neither its user nor its group.
  const main = `daemon off; master_process off; pid ${inFolder('pid')}; error_log stderr; events {}`;
  await writeFile(inFolder('nginx.conf'), `${main}\nhttp {\naccess_log off;\n${temporary.join('\n')}\n${http}\n}\n`);
  await runProxy([nginx ?? 'nginx', '-p', folder.path, '-c', inFolder('nginx.conf')], folder, ask);
}

/** Runs a proxy until the test is over. Resolves when `ask`, which asks it for something, does. */
export async function runProxy(
  [program = '', ...args]: readonly string[],
  folder: Awaited<ReturnType<typeof temporaryFolder>>,
  ask: () => Promise<unknown>,
): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    await folder.remove();
  });
  const isUp = () =>
    ask().then(
      () => true,
      () => (child.exitCode === null ? false : expect.fail(`${program} ended:\n${output}`)),
    );
  await expect.poll(isUp, { timeout: 10_000 }).toBe(true);
}

/** A machine of its own to the proxy, which takes `publicName` for a name of this machine. */
export function visitor(localAddress: string): Agent {
  return new Agent({
    localAddress,
    rejectUnauthorized: false,
    lookup: (_name, options, callback) => {
      if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    },
  });
}

/** Asks the proxy as a browser would. */
export async function fetchFrom(url: string, path: string, options: RequestOptions = {}): Promise<{ status: number; text: string }> {
  const request = get(new URL(path, url), { agent: visitor('127.0.0.1'), ...options });
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode, text };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : expect.fail('no port');
}
