/**
 * `npm run check`: everything that must hold before a change is accepted, one line a step.
 * `--no-tests` leaves the tests out, for a caller that runs them itself.
 */
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { layerProblems } from './layers.ts';
import { sourceFiles } from './source-files.ts';
import { tidy } from './tidy.ts';

interface Outcome {
  readonly isOk: boolean;
  /** Shown if the step failed, or always if it has something to say. */
  readonly output: string;
}

interface Step {
  readonly name: string;
  readonly run: () => Outcome;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const files = sourceFiles(root);

const steps: readonly Step[] = [
  { name: 'format and lint', run: () => program('biome', ['ci', '--error-on-warnings', '--colors=off', '.']) },
  { name: 'types', run: () => program('tsc', ['-p', '.']) },
  { name: 'layers', run: () => failIfAny(layerProblems(files)) },
  { name: 'tidy', run: runTidy },
  { name: 'unused code', run: () => program('knip', ['--no-progress']) },
  ...(process.argv.includes('--no-tests') ? [] : [{ name: 'tests', run: () => program('vitest', ['run'], 'inherit') }]),
];

const failed = steps.filter((step) => !report(step));
console.log(failed.length === 0 ? '\nAll checks passed.' : `\nFailed: ${failed.map((step) => step.name).join(', ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;

function report(step: Step): boolean {
  const start = performance.now();
  const { isOk, output } = step.run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${isOk ? 'ok    ' : 'FAILED'}  ${step.name.padEnd(16)} ${seconds.padStart(5)} s`);
  if (output !== '') console.log(output.trimEnd().replace(/^/gm, '  '));
  return isOk;
}

function program(name: string, args: readonly string[], output: 'pipe' | 'inherit' = 'pipe'): Outcome {
  const file = realpathSync(`${root}/node_modules/.bin/${name}`);
  const child = spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: ['ignore', output, output], encoding: 'utf8' });
  const isOk = child.status === 0;
  return { isOk, output: isOk ? '' : `${child.stdout ?? ''}${child.stderr ?? ''}` };
}

function failIfAny(problems: readonly string[]): Outcome {
  return { isOk: problems.length === 0, output: problems.join('\n') };
}

function runTidy(): Outcome {
  const { problems, hints } = tidy(files);
  return { isOk: problems.length === 0, output: [...problems, ...hints.map((hint) => `hint: ${hint}`)].join('\n') };
}
