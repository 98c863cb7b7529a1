/** The results as one page that needs nothing else: bars for each scenario, the targets, the settings. */
import { readable } from '../lib/numbers.ts';
import { measuredSystems, mediansOf, type Results } from '../results.ts';
import { scenarios } from '../scenarios/all.ts';
import type { Scenario } from '../scenarios/scenario.ts';

const barWidth = 520;
const barHeight = 22;
const labelWidth = 140;
const valueWidth = 90;

export function page(results: Results): string {
  const { machine } = results;
  const measured = scenarios.filter(({ id }) => results.samples.some(({ scenario }) => scenario === id));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parley: benchmark</title>
<style>${style}</style>
<main>
<h1>Parley and its peers, in one run</h1>
<p>${escaped(results.startedAt)}, commit ${escaped(results.commit)}. ${machine.cores} cores of ${escaped(machine.processor)}, ${machine.memoryGB} GB,
${escaped(machine.system)}, Node ${escaped(machine.node)}. Medians of ${results.rounds} ${results.rounds === 1 ? 'round' : 'rounds'}; the thin line spans all rounds.
${results.isQuick ? '<strong>A quick run: these figures only show that the benchmark works.</strong>' : ''}</p>
${results.isQuick ? '' : targetsSection(results)}
${measured.map((scenario) => scenarioSection(scenario, results)).join('\n')}
${settingsSection(results)}
</main>
</html>
`;
}

function targetsSection({ targets }: Results): string {
  const rows = targets.map(({ scenario, text, value, isMet }) => {
    const verdict = isMet === undefined ? 'not measured' : isMet ? 'met' : 'missed';
    return `<tr><td>(${scenario}) ${escaped(text)}</td><td>${value === undefined ? '–' : readable(value)}</td><td class="${verdict}">${verdict}</td></tr>`;
  });
  return `<h2>Targets</h2>\n<table><tr><th>target</th><th>measured</th><th></th></tr>\n${rows.join('\n')}\n</table>`;
}

function scenarioSection(scenario: Scenario, results: Results): string {
  const medians = mediansOf(results.samples);
  const systems = measuredSystems(results.samples, scenario.id);
  const names = Object.entries(scenario.figures);
  const rows = systems.map((system) => {
    const cells = names.map(([name]) => `<td>${readable(medians(scenario.id, system, name) ?? Number.NaN)}</td>`);
    return `<tr><th>${escaped(system)}</th>${cells.join('')}</tr>`;
  });
  return `<section><h2>(${scenario.id}) ${escaped(scenario.title)}</h2><p>${escaped(scenario.method)}</p>
${chart(scenario, systems, results)}
<table><tr><th></th>${names.map(([, { label }]) => `<th>${escaped(label)}</th>`).join('')}</tr>
${rows.join('\n')}
</table></section>`;
}

/** Bars of the scenario's first figure. */
function chart(scenario: Scenario, systems: readonly string[], results: Results): string {
  const [first] = Object.entries(scenario.figures);
  if (first === undefined) return '';
  const [figure, { label }] = first;
  const bars = systems.map((system) => {
    const samples = results.samples.filter((sample) => sample.scenario === scenario.id && sample.system === system);
    const values = samples.map(({ figures }) => figures[figure] ?? 0).filter(Number.isFinite);
    return { system, value: mediansOf(samples)(scenario.id, system, figure) ?? 0, low: Math.min(...values), high: Math.max(...values) };
  });
  const widest = Math.max(...bars.map(({ high }) => high), Number.MIN_VALUE);
  const x = (value: number) => labelWidth + Math.max(0, (value / widest) * barWidth);
  const drawn = bars.map(({ system, value, low, high }, index) => {
    const y = index * (barHeight + 8) + 4;
    const middle = y + barHeight / 2;
    return `<text x="${labelWidth - 8}" y="${middle + 4}" text-anchor="end">${escaped(system)}</text>
<rect x="${labelWidth}" y="${y}" width="${(x(value) - labelWidth).toFixed(1)}" height="${barHeight}" class="${system === 'parley' ? 'us' : 'peer'}"/>
<line x1="${x(low).toFixed(1)}" x2="${x(high).toFixed(1)}" y1="${middle}" y2="${middle}"/>
<text x="${(x(high) + 8).toFixed(1)}" y="${middle + 4}">${readable(value)}</text>`;
  });
  const height = bars.length * (barHeight + 8) + 8;
  const width = labelWidth + barWidth + valueWidth;
  return `<p class="axis">${escaped(label)}</p><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}">${drawn.join('\n')}</svg>`;
}

function settingsSection({ settings, skips }: Results): string {
  const items = Object.entries(settings).map(
    ([system, lines]) => `<li><strong>${escaped(system)}</strong>: ${lines.map(escaped).join('; ')}</li>`,
  );
  const left = skips.map(
    ({ scenario, system, reason }) => `<li>(${scenario}) ${escaped(system)}: ${escaped(reason.split('\n')[0] ?? '')}</li>`,
  );
  return `<h2>Settings</h2><ul>${items.join('')}</ul>${left.length === 0 ? '' : `<h2>Not measured</h2><ul>${left.join('')}</ul>`}`;
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const style = `
:root { color-scheme: light dark; --us: #0f766e; --peer: #94a3b8; --line: #334155; }
@media (prefers-color-scheme: dark) { :root { --us: #2dd4bf; --peer: #64748b; --line: #e2e8f0; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; }
main { max-width: 60rem; margin: auto; }
section { margin-top: 2.5rem; }
table { border-collapse: collapse; margin: 0.75rem 0; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
th, td { padding: 0.2rem 0.75rem; border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); text-align: right; font-weight: normal; }
th:first-child, td:first-child { text-align: left; }
.met { color: var(--us); } .missed { color: #dc2626; font-weight: bold; }
.axis { margin: 0.5rem 0 0; font-size: 0.85rem; opacity: 0.75; }
svg { width: 100%; font-size: 12px; }
svg text { fill: currentColor; } .us { fill: var(--us); } .peer { fill: var(--peer); } svg line { stroke: var(--line); }
`;
