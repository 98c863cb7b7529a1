/**
 * `npm run sim`: the simulation, seed after seed, until one fails.
 *
 *     npm run sim -- --seeds 5000             from seed 1 on
 *     npm run sim -- --seed 17 --steps 300    one seed again, with everything that happens in it
 *
 * A seed that fails is pinned: from then on the tests run it by name.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { defaultSteps, type SimResult, simulate } from '@parley/testkit/sim';

const pinnedFile = fileURLToPath(new URL('../packages/testkit/src/sim/pinned-seeds.json', import.meta.url));

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    steps: { type: 'string', default: String(defaultSteps) },
    'no-pin': { type: 'boolean', default: false },
  },
});
const steps = Number(values.steps);
const failed = values.seed === undefined ? await runMany(Number(values.from), Number(values.seeds)) : await replay(Number(values.seed));
if (failed !== undefined) {
  report(failed);
  if (!values['no-pin']) pin(failed);
  process.exitCode = 1;
}

/** The first result with a violation. */
async function runMany(from: number, count: number): Promise<SimResult | undefined> {
  const startMs = performance.now();
  const results: SimResult[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const result = await simulate({ seed, steps });
    if (result.violation !== undefined) return result;
    results.push(result);
    if (seed % 500 === 0) console.log(`up to seed ${seed}: no promise broken`);
  }
  const sum = (of: (result: SimResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const hours = (sum(({ virtualMs }) => virtualMs) / 3_600_000).toFixed(1);
  console.log(
    `${count} seeds in ${seconds} s, no promise broken: ${hours} hours, ${sum(({ processes }) => processes)} processes, ` +
      `${sum(({ connections }) => connections)} connections, ${sum(({ messages }) => messages)} messages, ` +
      `${sum(({ deliveries }) => deliveries)} deliveries, ${sum(({ redeliveries }) => redeliveries)} of them again.`,
  );
  return undefined;
}

async function replay(seed: number): Promise<SimResult | undefined> {
  const result = await simulate({ seed, steps, onTrace: (line) => console.log(line) });
  if (result.violation === undefined) console.log(`\nseed ${seed}: no promise broken in ${result.turns} turns.`);
  return result.violation && result;
}

function report({ seed, violation }: SimResult): void {
  console.log(`\nseed ${seed}: ${violation?.invariant}: ${violation?.message} (at ${violation?.atMs} ms)`);
  console.log(`Replay: npm run sim -- --seed ${seed} --steps ${steps}`);
}

function pin({ seed, violation }: SimResult): void {
  const pinned: unknown = JSON.parse(readFileSync(pinnedFile, 'utf8'));
  if (!Array.isArray(pinned) || pinned.some((one: unknown) => isSame(one, seed))) return;
  const all = [...pinned, { seed, steps, reason: `${violation?.invariant}: ${violation?.message}` }];
  writeFileSync(pinnedFile, `${JSON.stringify(all, null, 2)}\n`);
  console.log(`Pinned in ${pinnedFile}; say there in words what it found.`);
}

function isSame(pinned: unknown, seed: number): boolean {
  return typeof pinned === 'object' && pinned !== null && Reflect.get(pinned, 'seed') === seed && Reflect.get(pinned, 'steps') === steps;
}
