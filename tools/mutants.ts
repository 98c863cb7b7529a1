/**
 * `npm run sim:mutants`: shows that the simulation and the tests can find faults. Each mutation is put into a copy of the hub, and the
 * test that it names, or the simulation, has to fail on it. Fails if one survives, or if its place in the code has changed.
 * As many are tried at a time as there are cores, each in a copy of its own.
 * `--no-sim` tries those that name a test, `--only TEXT` those with the text in their name.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
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

/** Each is a folder in which one mutation at a time is tried. */
const copies = Array.from({ length: availableParallelism() }, () => realpathSync(mkdtempSync(join(tmpdir(), 'parley-mutants-'))));
try {
  copies.forEach(prepare);
  const wanted = mutations.filter(isWanted);
  await requirePassing([...new Set(wanted.flatMap(({ test }) => test ?? []))]);
  const outcomes = await inCopies(wanted, tryOut);
  const failed = outcomes.filter(({ verdict }) => verdict !== 'caught');
  console.log(`\n${outcomes.length - failed.length} of ${outcomes.length} mutations were caught.`);
  // A name that fits none must not pass for a success.
  process.exitCode = failed.length === 0 && outcomes.length > 0 ? 0 : 1;
} finally {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
}

/** Does the work for each item, in whichever copy is free. */
async function inCopies<Item, Result>(items: readonly Item[], work: (item: Item, copy: string) => Promise<Result>): Promise<Result[]> {
  const waiting = [...items];
  const results: Result[] = [];
  const workIn = async (copy: string): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) results.push(await work(item, copy));
  };
  await Promise.all(copies.map(workIn));
  return results;
}

function isWanted({ name, test }: Mutation): boolean {
  return name.includes(values.only) && !(values['no-sim'] && test === undefined);
}

/** The packages are copied, what they depend on is linked. */
function prepare(copy: string): void {
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
async function requirePassing(tests: readonly string[]): Promise<void> {
  const results = await inCopies(tests, async (test, copy) => ({ test, isOk: await passes(test, copy) }));
  const failing = results.filter(({ isOk }) => !isOk).map(({ test }) => test);
  if (failing.length > 0) throw new Error(`These tests fail without any mutation: ${failing.join(', ')}`);
}

async function passes(test: string, copy: string): Promise<boolean> {
  const { isOk } = await program(copy, realpathSync(join(root, 'node_modules/.bin/vitest')), 'run', '--bail=1', test);
  return isOk;
}

async function tryOut(mutation: Mutation, copy: string): Promise<Outcome> {
  const file = join(copy, 'packages/hub/src', mutation.file);
  const text = readFileSync(file, 'utf8');
  const isUnique = text.split(mutation.find).length === 2;
  const outcome = isUnique
    ? await withText(
        file,
        text,
        text.replace(mutation.find, () => mutation.replace),
        () => run(mutation, copy),
      )
    : noMatch(mutation);
  console.log(`${outcome.verdict.padEnd(9)} ${mutation.name.padEnd(80)} ${outcome.by}`);
  return outcome;
}

async function withText(file: string, before: string, text: string, check: () => Promise<Outcome>): Promise<Outcome> {
  writeFileSync(file, text);
  try {
    return await check();
  } finally {
    writeFileSync(file, before);
  }
}

function noMatch({ name, file }: Mutation): Outcome {
  return { name, verdict: 'NO MATCH', by: `the text in ${file} has changed` };
}

/** The named test first: it takes seconds, and the simulation may take minutes. */
async function run({ name, test }: Mutation, copy: string): Promise<Outcome> {
  if (test !== undefined && !(await passes(test, copy))) return { name, verdict: 'caught', by: test };
  if (values['no-sim']) return { name, verdict: 'SURVIVED', by: `${test}` };
  const sim = await program(copy, 'tools/sim.ts', '--seeds', values.seeds, '--no-pin');
  const found = /^seed (\d+): ([^:]+): (.*)$/m.exec(sim.output);
  if (found !== null) return { name, verdict: 'caught', by: `${found[2]} after ${found[1]} ${found[1] === '1' ? 'seed' : 'seeds'}` };
  if (!sim.isOk) return { name, verdict: 'caught', by: `the simulation does not run: ${sim.output.trim().split('\n').at(-1)}` };
  return { name, verdict: 'SURVIVED', by: `${values.seeds} seeds${test === undefined ? '' : ` and ${test}`}` };
}

function program(cwd: string, ...args: string[]): Promise<{ readonly isOk: boolean; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, maxBuffer: 100_000_000 }, (error, stdout, stderr) => {
      resolve({ isOk: error === null, output: `${stdout}${stderr}` });
    });
  });
}
