/**
 * The installations of the repository. Each is a package.json with a lock file, or a part of one, and only what a
 * command needs is installed (docs/decisions/0012):
 *
 *     hub         the dependencies of packages/: runs the hub, the demo and the examples
 *     tools       the rest of the workspace: tests, compiler, linter
 *     bench-light the client libraries of the benchmark, for its types and its own tests
 *     bench       everything the benchmark compares with
 *     runtime     Node, where the system's is too old
 *
 * A stamp beside what was installed names the lock file's hash and what was left out. Scripts of dependencies never
 * run: none is needed, and from a lock file npm would compile better-sqlite3, whose binary is in its package.
 * This must run on Node 20 and without any dependency.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './install-lock.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

const installations = {
  hub: { folder: root, omit: 'dev', title: 'what the hub needs (a download of about 15 MB)' },
  tools: { folder: root, omit: 'nothing', title: 'the tools for development and tests (about 50 MB)' },
  'bench-light': { folder: join(root, 'bench'), omit: 'optional', title: 'the client libraries of the benchmark' },
  bench: { folder: join(root, 'bench'), omit: 'nothing', title: 'what the benchmark compares with (about 50 MB)' },
  runtime: {
    folder: join(root, 'tools/runtime'),
    omit: 'nothing',
    title: `Node.js 26 (about 60 MB), since this machine has ${process.version}`,
  },
};

/** Installs those of `names` that are missing or of another version; throws if that fails. */
export function install(names) {
  if (names.every((name) => isInstalled(installations[name]))) return;
  withLock(join(root, '.parley-installing'), () => {
    for (const name of names) if (!isInstalled(installations[name])) installOne(installations[name]);
  });
}

function installOne({ folder, omit, title }) {
  const before = stampOf(folder);
  // What was once complete stays so.
  const left = before?.omit === 'nothing' ? 'nothing' : omit;
  process.stderr.write(`Installing ${title}…\n`);
  const startMs = performance.now();
  // "npm ci" deletes everything first, which breaks what runs meanwhile, so it is for the first time only. A first time is
  // also what follows an installation that was broken off: then neither our stamp nor npm's own record is there.
  const isFirst = !existsSync(npmRecord(folder));
  rmSync(stampFile(folder), { force: true });
  rmSync(npmRecord(folder), { force: true });
  npm(folder, [...(isFirst ? ['ci'] : ['install', '--no-save']), ...omitFlags(left)]);
  writeFileSync(stampFile(folder), `${lockHash(folder)} ${left}`);
  process.stderr.write(`Installed in ${((performance.now() - startMs) / 1000).toFixed(1)} s.\n`);
}

/** Both kinds are named, since NODE_ENV and npm's own settings may leave them out. */
function omitFlags(omit) {
  return ['dev', 'optional'].map((kind) => (kind === omit ? `--omit=${kind}` : `--include=${kind}`));
}

function npm(folder, args) {
  const { status, stdout, error } = spawnSync('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    // Errors and, on a terminal, npm's progress.
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${error?.message ?? ''}\n`);
  throw new Error('The installation failed: the reason is above. Run the same command again to try again.');
}

function isInstalled({ folder, omit }) {
  const stamp = stampOf(folder);
  if (stamp === undefined) return isInstalledByNpm(folder, omit);
  return stamp.hash === lockHash(folder) && (stamp.omit === 'nothing' || stamp.omit === omit);
}

/** What a plain "npm ci" has installed is as good: npm keeps a record of it. */
function isInstalledByNpm(folder, omit) {
  if (!existsSync(npmRecord(folder))) return false;
  const present = packagesIn(npmRecord(folder));
  return Object.entries(packagesIn(join(folder, 'package-lock.json'))).every(([path, { version, dev, optional, devOptional }]) => {
    const isNeeded = path !== '' && !optional && !devOptional && !(dev && omit === 'dev');
    return !isNeeded || present[path]?.version === version;
  });
}

function packagesIn(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

function stampOf(folder) {
  if (!existsSync(stampFile(folder))) return undefined;
  const [hash, omit] = readFileSync(stampFile(folder), 'utf8').split(' ');
  return { hash, omit };
}

function stampFile(folder) {
  return join(folder, 'node_modules/.parley-installed');
}

function npmRecord(folder) {
  return join(folder, 'node_modules/.package-lock.json');
}

function lockHash(folder) {
  return createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
}
