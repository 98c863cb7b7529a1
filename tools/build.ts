/**
 * `npm run build`: makes dist/<package>/ ready for `npm publish`: JavaScript, types and source maps of what the entries
 * of the package reach, the files that are served as they are, and a package.json that points to them. Packages that are
 * private are for the repository only.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';
import { isTestSupport } from './source-files.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  /** Where the sources stand: `{ ".": "./src/index.ts" }`. */
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

interface Package {
  readonly folder: string;
  readonly source: string;
  readonly out: string;
  readonly manifest: Manifest;
  /** What is published of its `exports`: not those for tests. */
  readonly entries: readonly (readonly [name: string, path: string])[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const scope = '@parley/';
const { version: workspaceVersion } = readManifest(root);

rmSync(join(root, 'dist'), { recursive: true, force: true });
const found = globSync('packages/*/package.json', { cwd: root }).map((path) => packageIn(dirname(path)));
const packages = inOrder(found.filter(({ manifest }) => manifest.private !== true));
for (const item of packages) {
  checkVersions(item);
  compile(item);
  copyAssets(item);
  writePackage(item);
  console.log(`dist/${item.folder}  ${item.manifest.name} ${item.manifest.version}`);
}

function packageIn(path: string): Package {
  const folder = path.split(/[\\/]/).at(-1) ?? '';
  const manifest = readManifest(join(root, path));
  const entries = Object.entries(manifest.exports).filter(([, source]) => !isTestSupport(source));
  return { folder, source: join(root, path, 'src'), out: join(root, 'dist', folder), manifest, entries };
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** A package after those that it depends on, whose types it is compiled against. */
function inOrder(unordered: readonly Package[]): Package[] {
  const ordered = new Set<Package>();
  const visit = (item: Package): void => {
    for (const name of Object.keys(item.manifest.dependencies ?? {})) {
      const dependency = unordered.find(({ manifest }) => manifest.name === name);
      if (dependency !== undefined && dependency !== item) visit(dependency);
    }
    ordered.add(item);
  };
  unordered.forEach(visit);
  return [...ordered];
}

/** All packages are released together, so a user never has to ask which of them fit. */
function checkVersions({ manifest }: Package): void {
  const ours = Object.entries(manifest.dependencies ?? {}).filter(([name]) => name.startsWith(scope));
  for (const [name, version] of [[manifest.name, manifest.version] as const, ...ours]) {
    if (version !== workspaceVersion) throw new Error(`${manifest.name} says ${name} ${version}, but the workspace is ${workspaceVersion}`);
  }
}

function compile(item: Package): void {
  const { folder, source, out } = item;
  const configFile = join(root, 'dist', `tsconfig.${folder}.json`);
  const compilerOptions = {
    noEmit: false,
    outDir: out,
    rootDir: source,
    declaration: true,
    sourceMap: true,
    inlineSources: true,
    // The built types, so that the other packages' sources are not compiled into this one.
    paths: Object.fromEntries(packages.flatMap(typePaths)),
  };
  mkdirSync(out, { recursive: true });
  writeFileSync(configFile, JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: [], files: startsOf(item) }));
  const tsc = realpathSync(join(root, 'node_modules/.bin/tsc'));
  const { status } = spawnSync(process.execPath, [tsc, '-p', configFile], { stdio: 'inherit' });
  rmSync(configFile);
  if (status !== 0) throw new Error(`${folder} does not compile`);
}

/** Where the code of a package is entered: its exports, its program, and its threads. What these don't reach is not published. */
function startsOf({ folder, source, entries }: Package): string[] {
  const exported = entries.map(([, path]) => join(root, 'packages', folder, path));
  const others = globSync(['main.ts', '**/*worker.ts'], { cwd: source }).map((path) => join(source, path));
  return [...exported, ...others];
}

function typePaths({ out, manifest, entries }: Package): [name: string, paths: string[]][] {
  return entries.map(([entry, path]) => [join(manifest.name, entry), [join(out, built(path, '.d.ts'))]]);
}

/** `./src/index.ts` → `./index.js` */
function built(path: string, extension: '.js' | '.d.ts'): string {
  return path.replace('./src/', './').replace(/\.ts$/, extension);
}

/** Pages, styles and the like, which stand among the sources. */
function copyAssets({ source, out }: Package): void {
  cpSync(source, out, { recursive: true, filter: (path) => !path.endsWith('.ts') });
}

function writePackage({ folder, out, manifest, entries }: Package): void {
  const program = join(out, 'main.js');
  const isProgram = existsSync(program);
  if (isProgram) chmodSync(program, 0o755);
  const bundled = bundle(manifest.dependencies ?? {}, join(root, 'node_modules'), out);
  const published = {
    ...manifest,
    devDependencies: undefined,
    exports: Object.fromEntries([
      ...entries.map(([entry, path]) => [entry, { types: built(path, '.d.ts'), default: built(path, '.js') }]),
      ['./package.json', './package.json'],
    ]),
    ...(isProgram ? { bin: { parley: 'main.js' } } : {}),
    ...(bundled.length > 0 ? { bundleDependencies: bundled } : {}),
    publishConfig: { access: 'public' },
  };
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(published, undefined, 2)}\n`);
  cpSync(join(root, 'LICENSE'), join(out, 'LICENSE'));
  cpSync(join(root, 'packages', folder, 'README.md'), join(out, 'README.md'));
}
