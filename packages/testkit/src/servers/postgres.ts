/**
 * A PostgreSQL server of the tests' own: in a temporary folder, on a free port, with the settings of a real one. It refuses to run as root, so
 * as root it is started as the user `postgres`.
 */
import { execFile, execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface PostgresServer {
  readonly port: number;
  /** The URL of a new, empty database; a copy of `template` if that is named. */
  createDatabase(template?: string): Promise<string>;
  /** `immediate`: without a checkpoint, as after a crash. */
  stop(mode: 'immediate' | 'fast'): Promise<void>;
  start(): Promise<void>;
  /** Stops all its processes in the middle of what they do, as a machine that hangs. */
  freeze(): void;
  thaw(): void;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

/** The folder of the newest PostgreSQL on this machine; undefined if there is none. */
export function findPostgres(): string | undefined {
  const folders = ['/usr/lib/postgresql', '/usr/local/pgsql', '/opt/homebrew/opt'].flatMap((root) =>
    existsSync(root) ? readdirSync(root).map((name) => join(root, name, 'bin')) : [],
  );
  const inPath = (process.env.PATH ?? '').split(':');
  return [...folders.toSorted().toReversed(), ...inPath].find((folder) => existsSync(join(folder, 'initdb')));
}

/** Why the tests that need a server can't run here; undefined if they can. */
export const postgresMissing = (): string | undefined => (findPostgres() === undefined ? 'postgresql' : undefined);

/** `settings` are added to the command line, such as `-c fsync=off`. */
export async function startPostgres(settings = ''): Promise<PostgresServer> {
  const programs = findPostgres();
  if (programs === undefined) throw new Error('PostgreSQL is not installed');
  const account = accountOf();
  const folder = mkdtempSync(join(tmpdir(), 'parley-postgres-'));
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  const data = join(folder, 'data');
  const port = await freePort();
  const call = async (program: string, ...args: readonly string[]): Promise<void> => {
    await run(join(programs, program), [...args], { ...account, cwd: folder });
  };
  await call('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync');
  // After a crash it would flush each file of its folder, which takes seconds on a busy machine.
  const quick = (await versionOf(programs)) >= 14 ? '-c recovery_init_sync_method=syncfs' : '';
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c shared_buffers=64MB -c max_connections=200 ${quick} ${settings}`;
  const start = () => call('pg_ctl', 'start', '-w', '-s', '-D', data, '-l', join(folder, 'log'), '-o', options);
  const stop = (mode: 'immediate' | 'fast') => call('pg_ctl', 'stop', '-w', '-s', '-D', data, '-m', mode);
  const signalAll = (signal: NodeJS.Signals): void => {
    const main = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    for (const pid of [main, ...childrenOf(main)]) process.kill(pid, signal);
  };
  await start();
  return {
    port,
    async createDatabase(template) {
      const name = `parley_${Math.random().toString(36).slice(2)}`;
      const from = template === undefined ? [] : ['-T', new URL(template).pathname.slice(1)];
      await call('createdb', '-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', ...from, name);
      return `postgres://postgres@127.0.0.1:${port}/${name}`;
    },
    stop,
    start,
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    async remove() {
      await stop('immediate').catch(() => {});
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function versionOf(programs: string): Promise<number> {
  const { stdout } = await run(join(programs, 'postgres'), ['--version']);
  return Number(/\) (\d+)/.exec(stdout)?.[1] ?? 0);
}

/** The account that the server runs as; undefined: one's own. */
function accountOf(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (kind: string) => Number(execFileSync('id', [kind, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
