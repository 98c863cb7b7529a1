#!/usr/bin/env node
/**
 * Every npm script goes through here: `node tools/run.mjs file.ts args…` or `node tools/run.mjs --bin vitest args…`.
 * Before that may stand `--needs=hub` or `--needs=bench`, if something else than the tools has to be installed, and
 * then options of Node's own, as they do with Node.
 *
 * The repository needs a Node that runs TypeScript, and its dependencies; a fresh clone on a machine with Node 20 has
 * neither. So this file, which must itself run on Node 20 and without dependencies,
 * 1. installs what the command needs,
 * 2. chooses the runtime: the one that runs this if it is supported, otherwise the one of tools/runtime,
 * 3. becomes the program: by execve where Node has it, so that there is one process and signals arrive once,
 *    otherwise by a child process.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { install, root } from './install.mjs';

const needs = { hub: ['hub'], tools: ['tools', 'bench-light'], bench: ['tools', 'bench'] };

const given = process.argv.slice(2);
const need = /^--needs=(.*)$/.exec(given[0] ?? '')?.[1];
if (need !== undefined) given.shift();
const commandAt = given.findIndex((word) => !word.startsWith('--') || word === '--bin');
const [command, ...args] = given.slice(commandAt);
if (commandAt === -1 || needs[need ?? 'tools'] === undefined) {
  fail("Usage: node tools/run.mjs [--needs=hub|tools|bench] [Node's options] file.ts [arguments], or --bin name [arguments]");
}

try {
  install(needs[need ?? 'tools']);
  if (!isSupported()) install(['runtime']);
} catch (error) {
  fail(error.message);
}
const program = command === '--bin' ? binary(args) : [resolve(command), ...args];
await run(isSupported() ? process.execPath : runtime(), [...given.slice(0, commandAt), ...program]);

/**
 * The versions for which packages/hub/src/node-version.ts lets the hub run, from the first of each that runs TypeScript.
 * A Node that an older layout of the dependencies brought along is gone after they were brought up to date.
 */
function isSupported() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const runsSources = major === 22 ? minor >= 18 : major === 24 || major >= 26;
  return runsSources && existsSync(process.execPath);
}

function runtime() {
  const modules = join(root, 'tools/runtime/node_modules');
  const name = readdirSync(modules).find((entry) => entry.startsWith('node-'));
  const node = join(modules, name ?? '', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (name !== undefined && existsSync(node)) return node;
  return fail(
    `This needs Node 22.18, 24, 26 or newer, and ${process.version} is installed.\n` +
      `npm has no newer one for this machine (${process.platform} ${process.arch}): please install it from https://nodejs.org.`,
  );
}

function binary([name, ...rest]) {
  const link = join(root, 'node_modules/.bin', name ?? '');
  if (name === undefined || !existsSync(link)) return fail(`There is no program "${name ?? ''}" in node_modules/.bin.`);
  return [realpathSync(link), ...rest];
}

async function run(node, words) {
  const argv = [...words];
  // Without it every thread of every start strips the types again, which takes half a second and 50 MB.
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/parley-compile'), ...process.env };
  if (process.env.npm_lifecycle_event !== undefined) {
    const watch = new URL('end-with-npm.mjs', import.meta.url).href;
    await import(watch);
    argv.unshift('--import', watch);
  }
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
