/**
 * Holds the layers of ARCHITECTURE.md: who may import whom, `import type` included.
 *
 * A file belongs to an area: a package, or inside the hub the folder under src (`hub` for the files in src itself).
 * An area may import itself, the areas listed for it, and what `packages` and `nodeModules` say below.
 * Import cycles are refused by Biome (`noImportCycles`, type imports counted).
 */
import { posix } from 'node:path';
import type { SourceFile } from './source-files.ts';
import { codeLines, isTest, isTestSupport } from './source-files.ts';

const belowStages = ['lib', 'ports', 'protocol'];

/** The areas that an area may import beside itself. The six stages never import one another. */
const areas: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  lib: ['protocol'],
  ports: ['lib', 'protocol'],
  connect: belowStages,
  identify: belowStages,
  route: belowStages,
  store: belowStages,
  fanout: belowStages,
  deliver: belowStages,
  bus: belowStages,
  config: belowStages,
  observe: belowStages,
  cluster: belowStages,
  http: [...belowStages, 'route', 'config', 'observe'],
  hub: [...belowStages, 'connect', 'identify', 'route', 'store', 'fanout', 'deliver', 'bus', 'http', 'config', 'observe', 'cluster'],
  testkit: ['hub', 'protocol'],
  client: ['protocol'],
};

/** Where a package may be named, so that a driver can be exchanged there. */
const homes: Readonly<Record<string, readonly string[]>> = {
  'better-sqlite3': ['packages/hub/src/store/sqlite/'],
  pg: ['packages/hub/src/store/postgres/', 'packages/hub/src/bus/notify.ts'],
  ws: ['packages/hub/src/connect/'],
  fastify: ['packages/hub/src/http/'],
  pino: ['packages/hub/src/observe/'],
  ioredis: ['packages/hub/src/bus/redis.ts'],
  '@nats-io/transport-node': ['packages/hub/src/bus/nats.ts'],
};

/** Entries of a package beside its index, and who may use them. */
const innerEntries: Readonly<Record<string, RegExp>> = {
  '@parley/hub/testing': /^packages\/testkit\//,
};

/** Areas without I/O: no `node:` module, and no package but these. */
const packages: Readonly<Record<string, readonly string[]>> = { protocol: ['typebox'], ports: [] };

/** Modules that reach the machine, and the only places in the hub that may use them. */
const machineModules = ['node:fs', 'node:fs/promises', 'node:process'];
const machineUsers =
  /^packages\/hub\/src\/(main\.ts|supported-node.*\.ts|config\/.*|store\/.*|observe\/.*|connect\/client-files\.ts|http\/page-files\.ts)$/;

/** What is wrong with the imports of the packages, one sentence each: `path:line: …`. */
export function layerProblems(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('packages/'))
    .flatMap((file) => {
      const found = importsOf(file.text).flatMap(({ line, specifier }) => {
        const problem = importProblem(file.path, specifier);
        return problem === undefined ? [] : [`${file.path}:${line}: ${problem}`];
      });
      return [...found, ...processProblems(file)];
    });
}

/** Every module named by an import, an export … from, or a dynamic import. */
export function importsOf(text: string): { readonly line: number; readonly specifier: string }[] {
  const pattern = /^(?:import|export)\b[^'";]*?\bfrom\s*'([^']+)'|^import\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    specifier: match[1] ?? match[2] ?? match[3] ?? '',
  }));
}

function importProblem(path: string, specifier: string): string | undefined {
  if (isTestSupport(specifier) && !isTest(path)) return `${specifier} is for tests only and is not published`;
  if (specifier.startsWith('.')) return relativeProblem(path, posix.join(posix.dirname(path), specifier));
  if (specifier.startsWith('@parley/')) return parleyProblem(path, specifier);
  if (isTest(path)) return undefined;
  const area = areaOf(path);
  const allowed = packages[area];
  if (specifier.startsWith('node:')) {
    if (allowed !== undefined) return `${area} does no I/O and must not import ${specifier}`;
    if (isHub(path) && machineModules.includes(specifier) && !machineUsers.test(path)) return `${specifier} must not be used here`;
    return undefined;
  }
  const npmPackage = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const home = homes[npmPackage];
  if (home !== undefined && isHub(path) && !home.some((place) => path.startsWith(place))) {
    return `${npmPackage} may be imported in ${home.join(' and ')} only`;
  }
  if (allowed !== undefined && !allowed.includes(npmPackage)) return `${area} must not import ${specifier}`;
  return undefined;
}

function relativeProblem(path: string, target: string): string | undefined {
  if (packageOf(path) !== packageOf(target)) return `${target} is in another package: import it by the package's name`;
  return areaProblem(areaOf(path), areaOf(target));
}

function parleyProblem(path: string, specifier: string): string | undefined {
  const [, name = '', ...deeper] = specifier.split('/');
  const isEntry = innerEntries[specifier]?.test(path) ?? false;
  if (deeper.length > 0 && !isEntry) return `${specifier} is inside a package: import what its index offers`;
  // A test may run the contract suites, whatever it tests.
  if (name === 'testkit' && isTest(path)) return undefined;
  return areaProblem(areaOf(path), name);
}

function areaProblem(from: string, to: string): string | undefined {
  if (from === to || areas[from]?.includes(to)) return undefined;
  if (areas[from] === undefined) return `${from} is in no layer: add it to tools/layers.ts`;
  return `${from} must not import ${to} (it may import ${[from, ...areas[from]].join(', ')})`;
}

/** `process` needs no import, so it is looked for by name. */
function processProblems({ path, text }: SourceFile): string[] {
  if (!isHub(path) || isTest(path) || machineUsers.test(path)) return [];
  return codeLines(text)
    .filter(({ code }) => /(?<![\w.'-])process\.\w/.test(code))
    .map(({ number }) => `${path}:${number}: process must not be used here`);
}

function packageOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function isHub(path: string): boolean {
  return packageOf(path) === 'hub';
}

function areaOf(path: string): string {
  const [, name = '', , folder = '', ...rest] = path.split('/');
  return name === 'hub' && rest.length > 0 ? folder : name;
}
