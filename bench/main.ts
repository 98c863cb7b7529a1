/**
 * The benchmark: Parley and its peers, each as a process of its own, alternating in one run, with one load generator.
 *
 *     npm run bench -- --help
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { measure } from './lib/measure.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { page } from './report/page.ts';
import { profileTables } from './report/profile.ts';
import { scenarioTable, targetsTable } from './report/table.ts';
import { judge, type Results, type Sample, type Skip, thisCommit, thisMachine } from './results.ts';
import { scenarios } from './scenarios/all.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { systemNamed } from './systems.ts';

const workspaceRoot = fileURLToPath(new URL('..', import.meta.url));

const say = (text: string) => process.stdout.write(`${text}\n`);

class Benchmark {
  readonly #options: Options;
  readonly #samples: Sample[] = [];
  readonly #skips: Skip[] = [];
  readonly #settings: Record<string, readonly string[]> = {};

  constructor(options: Options) {
    this.#options = options;
  }

  async run(): Promise<Results> {
    const startedAt = new Date().toISOString();
    const { isQuick, rounds } = this.#options;
    for (const scenario of scenarios.filter(({ id }) => this.#options.scenarios.includes(id))) await this.#runScenario(scenario);
    return {
      startedAt,
      commit: thisCommit(),
      machine: thisMachine(),
      isQuick,
      rounds,
      settings: this.#settings,
      samples: this.#samples,
      skips: this.#skips,
      targets: judge(this.#samples),
    };
  }

  async #runScenario(scenario: Scenario): Promise<void> {
    say(`\n(${scenario.id}) ${scenario.title}`);
    const extra = [...this.#options.urls.keys()].filter(
      (name) => !scenario.systems.includes(name) && systemNamed(name).audience !== undefined,
    );
    const systems = [...scenario.systems, ...extra].filter((name) => this.#options.systems?.includes(name) ?? true);
    for (let round = 1; round <= this.#options.rounds; round++) {
      // Every other round backwards, so that a machine that slows down or warms up favours nobody.
      for (const system of round % 2 === 1 ? systems : systems.toReversed()) await this.#runOne(scenario, system, round);
    }
    if (this.#samples.some((sample) => sample.scenario === scenario.id)) say(`\n${scenarioTable(scenario, { samples: this.#samples })}`);
  }

  async #runOne(scenario: Scenario, name: string, round: number): Promise<void> {
    if (this.#skips.some((skip) => skip.scenario === scenario.id && skip.system === name)) return;
    const { isQuick, seconds, profile, urls } = this.#options;
    const scale = { isQuick, seconds };
    try {
      const { figures, settings } = await measure(scenario, systemNamed(name), { scale, profile, url: urls.get(name) });
      if (this.#settings[name] === undefined) say(`  ${name}: ${settings.join('; ')}`);
      this.#settings[name] = settings;
      this.#samples.push({ scenario: scenario.id, system: name, round, figures });
      const [first] = Object.keys(scenario.figures);
      if (first !== undefined)
        say(`  round ${round}  ${name.padEnd(18)} ${scenario.figures[first]?.label}: ${figures[first]?.toPrecision(4)}`);
    } catch (error) {
      // Without where this is: results are shown to others.
      const reason = (error instanceof Error ? error.message : String(error)).replaceAll(workspaceRoot, '');
      this.#skips.push({ scenario: scenario.id, system: name, reason });
      say(`  SKIPPED ${name} in (${scenario.id}): ${name === 'parley' ? reason : reason.split('\n')[0]}`);
    }
  }
}

async function save(results: Results, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/results.json`, `${JSON.stringify(results, undefined, 2)}\n`);
  await writeFile(`${folder}/index.html`, page(results));
  say(`\nWritten: ${folder}/results.json and index.html`);
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(usage);
    return;
  }
  const { cores, processor, memoryGB, system } = thisMachine();
  say(`${cores} cores of ${processor}, ${memoryGB} GB, ${system}`);
  if (process.platform !== 'linux') throw new Error('CPU and memory of the servers are read from /proc, which only Linux has.');
  const results = await new Benchmark(options).run();
  if (!options.isQuick) say(`\n${targetsTable(results)}`);
  for (const { scenario, system: name, reason } of results.skips) say(`SKIPPED ${name} in (${scenario}): ${reason.split('\n')[0]}`);
  if (options.profile !== undefined) say(`\n${await profileTables(options.profile)}`);
  await save(results, options.out);
  // What could not be measured may be a program that is missing, but Parley is here.
  if (results.skips.some(({ system: name }) => name === 'parley')) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
