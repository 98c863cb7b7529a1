/**
 * `npm run test:package`: what users of the packages get. Builds and packs them, checks their manifests with publint and their
 * types with attw, and installs the archives in an empty project on machines with nothing but Node and npm, twice: as somebody
 * who adds them (`npm install`) and as who deploys later (`npm ci`). There a hub is embedded in four servers.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BareMachine, MachineRoom, megabytesOf, succeed } from '../support/bare-machine.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const linters = { publint: 'publint@0.3.25', attw: '@arethetypeswrong/cli@0.18.5' };

const room = new MachineRoom();
const folder = mkdtempSync(join(tmpdir(), 'parley-package-'));
try {
  succeed(process.execPath, [join(root, 'tools/build.ts')], root);
  const archives = ['protocol', 'hub'].map(pack);
  for (const archive of archives) lint(archive);
  const machines = (
    [
      ['22', '10'],
      ['24', '11'],
      ['26', '11'],
    ] as const
  ).map(([node, npm]) => room.machine({ node, npm }));
  for (const [index, machine] of machines.entries()) tryOut(machine, archives, join(folder, `app-${index}`));
  refuse(room.machine({ node: '20', npm: '10' }), join(folder, 'app-0'));
  console.log('\nThe packages install, compile and run.');
} finally {
  rmSync(folder, { recursive: true, force: true });
  room.empty();
}

function pack(name: string): string {
  const [{ filename, files }] = JSON.parse(
    succeed('npm', ['pack', '--json', '--loglevel=error', '--pack-destination', folder], join(root, 'dist', name)),
  );
  const surprises = files
    .map(({ path }: { path: string }) => path)
    .filter((path: string) => /test|bench|conformance|\.gyp|\.cpp$|\.c$/.test(path));
  if (surprises.length > 0) throw new Error(`${name} would be published with ${surprises.join(', ')}`);
  return join(folder, filename);
}

function lint(archive: string): void {
  const exec = (name: keyof typeof linters, ...args: readonly string[]) =>
    succeed('npm', ['exec', '--yes', `--package=${linters[name]}`, '--', name, ...args], folder);
  exec('publint', archive, '--strict');
  exec('attw', archive, '--profile', 'esm-only');
  console.log(`${archive.split('/').at(-1)}: clean under publint and attw`);
}

function tryOut(machine: BareMachine, archives: readonly string[], app: string): void {
  mkdirSync(app);
  cpSync(join(root, 'test/package/app'), app, { recursive: true });
  machine.run(app, 'npm', 'install', '--no-audit', '--no-fund', ...archives);
  console.log(`${machine.name}: npm install, ${megabytesOf(join(app, 'node_modules/@parley')).toFixed(0)} MB for the hub`);
  machine.run(app, 'npm', 'ci', '--no-audit', '--no-fund');
  process.stdout.write(machine.run(app, 'node', 'main.mjs').replace(/^/gm, '  ').trimEnd().concat('\n'));
  if (!machine.run(app, 'npm', 'exec', '--', 'parley', '--version').startsWith('0.')) throw new Error('The program does not run.');
  const tsc = realpathSync(join(root, 'node_modules/.bin/tsc'));
  succeed(
    process.execPath,
    [tsc, '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node', 'types.ts'],
    app,
  );
  console.log(`${machine.name}: npm ci, the program, and the types work`);
}

/** On an old Node the import and the program end with one sentence, and the process is not killed by a signal. */
function refuse({ node, name, env }: BareMachine, app: string): void {
  for (const args of [['main.mjs'], ['node_modules/@parley/hub/main.js', '--version']]) {
    const { status, stderr } = spawnSync(node, args, { cwd: app, env, encoding: 'utf8' });
    if (status !== 1 || !stderr.includes('Parley runs on Node.js 22'))
      throw new Error(`${name} should be refused by ${args[0]}: ${status} ${stderr}`);
  }
  console.log(`${name}: refused with a sentence`);
}
