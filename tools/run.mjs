#!/usr/bin/env node
/**
 * Every npm script goes through here: `node tools/run.mjs file.ts args…` or `node tools/run.mjs --bin vitest args…`.
 * Options of Node's own stand before the file, as they do with Node.
 *
 * The repository needs Node 24 or newer and its dependencies; a fresh clone on a machine with Node 20 has neither.
 * So this file, which must itself run on Node 20 and without dependencies,
 * 1. installs the dependencies if they are not those of package-lock.json (a stamp in node_modules tells),
 * 2. chooses the runtime: the one that runs this if it is new enough, otherwise the one pinned in package.json,
 * 3. becomes the program: by execve where Node has it, so that there is one process and signals arrive once,
 *    otherwise by a child process.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const oldestNode = 24;
const root = fileURLToPath(new URL('..', import.meta.url));
const nodeModules = join(root, 'node_modules');
const stampFile = join(nodeModules, '.parley-installed');
const lockFile = join(root, '.parley-installing');

const given = process.argv.slice(2);
const commandAt = given.findIndex((word) => !word.startsWith('--') || word === '--bin' || word === '--installed');
const nodeOptions = commandAt === -1 ? given : given.slice(0, commandAt);
const [command, ...args] = given.slice(nodeOptions.length);
if (command === undefined) fail('Usage: node tools/run.mjs file.ts [arguments], or node tools/run.mjs --bin name [arguments]');
if (command === '--installed') {
  writeStamp(); // Called by npm itself after "npm install" and "npm ci".
} else {
  installDependencies();
  run(runtime(), [...nodeOptions, ...(command === '--bin' ? binary(args) : [resolve(command), ...args])]);
}

function installDependencies() {
  if (isInstalled()) return;
  lock();
  try {
    if (isInstalled()) return;
    // Dependencies that are merely of another version are brought up to date in place, since "npm ci" deletes
    // everything first, under the feet of whatever runs. Without a stamp nobody knows what is there: from scratch.
    const isUpdate = existsSync(stampFile);
    rmSync(stampFile, { force: true });
    process.stderr.write(
      isUpdate ? 'Updating the dependencies…\n' : 'Installing the dependencies (this is needed once and takes about a minute)…\n',
    );
    npm(isUpdate ? ['install', '--no-save'] : ['ci']);
    writeStamp();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function npm(command) {
  const { status, stdout, stderr, error } = spawnSync('npm', [...command, '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env: environmentOfSystem(),
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\n`);
  fail('The dependencies could not be installed: the reason is above. Run the same command again to try again.');
}

function isInstalled() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wantedStamp();
}

function wantedStamp() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

function writeStamp() {
  mkdirSync(nodeModules, { recursive: true });
  writeFileSync(stampFile, wantedStamp());
}

/** Two installations at a time would delete each other's files. The lock of a process that died is taken over. */
function lock() {
  for (;;) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
      process.once('exit', () => rmSync(lockFile, { force: true }));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isAlive(lockHolder())) rmSync(lockFile, { force: true });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

/** The process that installs; undefined if it has just ended. */
function lockHolder() {
  try {
    return Number(readFileSync(lockFile, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  if (pid === undefined) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** npm puts node_modules/.bin, and with it the pinned Node, in front; an installation would delete the Node that it runs on. */
function environmentOfSystem() {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.endsWith(join('node_modules', '.bin')));
  return { ...process.env, PATH: path.join(delimiter) };
}

function runtime() {
  if (Number.parseInt(process.versions.node, 10) >= oldestNode) return process.execPath;
  const pinned = join(nodeModules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(pinned)) return pinned;
  return fail(
    `This needs Node ${oldestNode} or newer; ${process.version} is installed, and the pinned one is missing (${pinned}).\n` +
      `Install Node ${oldestNode} or newer, or run "npm ci --ignore-scripts=false" so that npm can fetch the pinned one.`,
  );
}

function binary([name, ...rest]) {
  const link = join(nodeModules, '.bin', name ?? '');
  if (name === undefined || !existsSync(link)) return fail(`There is no program "${name ?? ''}" in node_modules/.bin.`);
  return [realpathSync(link), ...rest];
}

function run(node, argv) {
  // Without it every thread of every start strips the types again, which takes half a second and 50 MB.
  const env = { NODE_COMPILE_CACHE: join(nodeModules, '.cache', 'parley-compile'), ...process.env };
  if (typeof process.execve === 'function') process.execve(node, [node, ...argv], env);
  const child = spawn(node, argv, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends Ctrl-C to the child as well; passing it on would make it two.
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal));
  }
  child.on('error', (error) => fail(`${node} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
