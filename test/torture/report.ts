/** What the rig prints. */
import { explain } from './history/explain.ts';
import type { FaultCounts } from './hub-control.ts';
import type { ClusterOptions, Options } from './options.ts';
import type { RunResult } from './run.ts';

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

/** The options that lead to the same run. */
function sameRun({ seed, cluster }: Options): string {
  const of = cluster === undefined ? '' : ` --store postgres --nodes ${cluster.nodes} --bus ${cluster.bus}`;
  return `npm run torture -- --seed ${seed}${of}`;
}

export function startText(options: Options): string {
  const { seed, durationMs, kills, faults, cluster } = options;
  const seconds = Math.round(durationMs / 1000);
  if (cluster === undefined) return `Seed ${seed}: ${seconds} s with ${kills} kills.`;
  return `Seed ${seed}: ${cluster.nodes} nodes on PostgreSQL and ${cluster.bus}, ${seconds} s with ${faults} faults, which last in addition.`;
}

function clusterText({ nodes, bus }: ClusterOptions, counts: FaultCounts): string[] {
  const { busKills, busFreezes, storeRestarts, storeFreezes, severed } = counts;
  const bused = bus === 'notify' ? '' : `, ${bus} killed ${whole(busKills)} times and frozen ${whole(busFreezes)} times`;
  return [
    `  Those were ${nodes} nodes. PostgreSQL was restarted ${whole(storeRestarts)} times, frozen ${whole(storeFreezes)} times and connections to it severed ${whole(severed)} times${bused}.`,
  ];
}

export function successText(options: Options, { counts, seconds }: RunResult): string {
  return [
    `Passed with seed ${options.seed} in ${whole(seconds)} s.`,
    `  The hub was killed ${whole(counts.kills)} times, terminated ${whole(counts.terminations)} times and stopped for a while ${whole(counts.stops)} times.`,
    ...(options.cluster === undefined ? [] : clusterText(options.cluster, counts)),
    `  The slowest start after a kill took ${whole(counts.slowestReadyMs)} ms.`,
    `  ${whole(counts.acknowledged)} messages were acknowledged, ${whole(counts.refused)} refused, ${whole(counts.unknown)} attempts had no known outcome.`,
    `  ${whole(counts.delivered)} deliveries came, ${whole(counts.redelivered)} of them marked as redelivered, ${whole(counts.repeated)} of what the reader had received before.`,
    `  The clients opened ${whole(counts.connections)} connections.`,
    '  Nothing that was acknowledged is lost, nothing came out of order, twice without the mark, or to the wrong reader.',
    '',
  ].join('\n');
}

export function failureText(options: Options, data: string, result: RunResult): string {
  const { violations, recorder, counts, seconds } = result;
  const [first] = violations;
  const others = violations.slice(1, 10).map(({ check, problem }) => `  ${check}: ${problem}`);
  return [
    `FAILED with seed ${options.seed} after ${whole(seconds)} s, ${counts.kills} kills and ${whole(counts.acknowledged)} acknowledged messages.`,
    ...(first === undefined
      ? []
      : [`  ${first.check}: ${first.problem}`, '', 'What happened there:', ...explain(recorder.log, recorder.world, first)]),
    ...(others.length === 0 ? [] : ['', `Also (${violations.length - 1}):`, ...others]),
    '',
    ...(options.cluster === undefined ? [] : clusterText(options.cluster, counts)),
    `This folder is kept, with what each hub has printed: ${data}`,
    `The same clients and faults once more: ${sameRun(options)} (and --minutes, --kills or --faults as now).`,
    '',
  ].join('\n');
}
