/**
 * `npm run sim:mutants`: shows that the simulation and the tests can find faults. Each mutation is put into a copy of the hub, and the
 * test that it names, or the simulation, has to fail on it. Fails if one survives, or if its place in the code has changed.
 * `--no-sim` tries those that name a test, `--only TEXT` those with the text in their name.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Mutation } from './mutations/mutation.ts';
import { mutations } from './mutations.ts';

interface Outcome {
  readonly name: string;
  readonly verdict: 'caught' | 'SURVIVED' | 'NO MATCH';
  readonly by: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    only: { type: 'string', default: '' },
    'no-sim': { type: 'boolean', default: false },
  },
});

const copy = realpathSync(mkdtempSync(join(tmpdir(), 'parley-mutants-')));
try {
  prepare();
  const wanted = mutations.filter(isWanted);
  requirePassing(new Set(wanted.flatMap(({ test }) => test ?? [])));
  const outcomes = wanted.map(tryOut);
  const failed = outcomes.filter(({ verdict }) => verdict !== 'caught');
  console.log(`\n${outcomes.length - failed.length} of ${outcomes.length} mutations were caught.`);
  // A name that fits none must not pass for a success.
  process.exitCode = failed.length === 0 && outcomes.length > 0 ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}

function isWanted({ name, test }: Mutation): boolean {
  return name.includes(values.only) && !(values['no-sim'] && test === undefined);
}

/** The packages are copied, what they depend on is linked. */
function prepare(): void {
  for (const part of ['packages', 'tools', 'test', 'package.json', 'vitest.config.ts', 'tsconfig.json']) {
    cpSync(join(root, part), join(copy, part), { recursive: true, filter: (path) => !path.endsWith('node_modules') });
  }
  const modules = join(copy, 'node_modules');
  mkdirSync(join(modules, '@parley'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@parley') symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  for (const name of readdirSync(join(copy, 'packages'))) symlinkSync(join(copy, 'packages', name), join(modules, '@parley', name));
}

/** A test that fails without a mutation, or that does not exist, would seem to catch all of them. */
function requirePassing(tests: ReadonlySet<string>): void {
  const failing = [...tests].filter((test) => !passes(test));
  if (failing.length > 0) throw new Error(`These tests fail without any mutation: ${failing.join(', ')}`);
}

function passes(test: string): boolean {
  return program(realpathSync(join(root, 'node_modules/.bin/vitest')), 'run', test).isOk;
}

function tryOut(mutation: Mutation): Outcome {
  const file = join(copy, 'packages/hub/src', mutation.file);
  const text = readFileSync(file, 'utf8');
  const isUnique = text.split(mutation.find).length === 2;
  const outcome = isUnique
    ? withText(
        file,
        text,
        text.replace(mutation.find, () => mutation.replace),
        () => run(mutation),
      )
    : noMatch(mutation);
  console.log(`${outcome.verdict.padEnd(9)} ${mutation.name.padEnd(80)} ${outcome.by}`);
  return outcome;
}

function withText(file: string, before: string, text: string, check: () => Outcome): Outcome {
  writeFileSync(file, text);
  try {
    return check();
  } finally {
    writeFileSync(file, before);
  }
}

function noMatch({ name, file }: Mutation): Outcome {
  return { name, verdict: 'NO MATCH', by: `the text in ${file} has changed` };
}

/** The named test first: it takes seconds, and the simulation may take minutes. */
function run({ name, test }: Mutation): Outcome {
  if (test !== undefined && !passes(test)) return { name, verdict: 'caught', by: test };
  if (values['no-sim']) return { name, verdict: 'SURVIVED', by: `${test}` };
  const sim = program('tools/sim.ts', '--seeds', values.seeds, '--no-pin');
  const found = /^seed (\d+): ([^:]+): (.*)$/m.exec(sim.output);
  if (found !== null) return { name, verdict: 'caught', by: `${found[2]} after ${found[1]} ${found[1] === '1' ? 'seed' : 'seeds'}` };
  if (!sim.isOk) return { name, verdict: 'caught', by: `the simulation does not run: ${sim.output.trim().split('\n').at(-1)}` };
  return { name, verdict: 'SURVIVED', by: `${values.seeds} seeds${test === undefined ? '' : ` and ${test}`}` };
}

function program(...args: string[]): { readonly isOk: boolean; readonly output: string } {
  const child = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
  return { isOk: child.status === 0, output: `${child.stdout}${child.stderr}` };
}
