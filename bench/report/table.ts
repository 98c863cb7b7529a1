/** The results as text. */
import { readable } from '../lib/numbers.ts';
import { measuredSystems, mediansOf, type Results } from '../results.ts';
import type { Scenario } from '../scenarios/scenario.ts';

/** Above this share of a core the generator may have been the limit, and rates say more about it than about the server. */
const clientLimitCore = 0.9;

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
  );
}

/** Medians of one scenario: a line for each system. */
export function scenarioTable(scenario: Scenario, results: Pick<Results, 'samples'>): string {
  const medians = mediansOf(results.samples);
  const names = Object.entries(scenario.figures);
  const systems = measuredSystems(results.samples, scenario.id);
  const rows = systems.map((system) => [system, ...names.map(([name]) => readable(medians(scenario.id, system, name) ?? Number.NaN))]);
  const limited = systems.filter((system) => (medians(scenario.id, system, 'clientCore') ?? 0) > clientLimitCore);
  return [
    `(${scenario.id}) ${scenario.title}`,
    ...align([['', ...names.map(([, { label }]) => label)], ...rows]).map((line) => `  ${line}`),
    ...(limited.length === 0 ? [] : [`  The load generator was at its limit with ${limited.join(', ')}: their rates are at least this.`]),
  ].join('\n');
}

export function targetsTable({ targets }: Pick<Results, 'targets'>): string {
  const rows = targets.map(({ scenario, text, value, isMet }) => [
    `(${scenario}) ${text}`,
    value === undefined ? '–' : readable(value),
    isMet === undefined ? 'not measured' : isMet ? 'met' : 'MISSED',
  ]);
  return align([['target', 'measured', ''], ...rows]).join('\n');
}
