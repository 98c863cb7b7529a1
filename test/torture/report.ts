/** What the rig prints. */
import { explain } from './history/explain.ts';
import type { RunResult } from './run.ts';

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

export function successText(seed: number, { counts, seconds }: RunResult): string {
  return [
    `Passed with seed ${seed} in ${whole(seconds)} s.`,
    `  The hub was killed ${whole(counts.kills)} times, terminated ${whole(counts.terminations)} times and stopped for a while ${whole(counts.stops)} times.`,
    `  The slowest start after a kill took ${whole(counts.slowestReadyMs)} ms.`,
    `  ${whole(counts.acknowledged)} messages were acknowledged, ${whole(counts.refused)} refused, ${whole(counts.unknown)} attempts had no known outcome.`,
    `  ${whole(counts.delivered)} deliveries came, ${whole(counts.redelivered)} of them marked as redelivered, ${whole(counts.repeated)} of what the reader had received before.`,
    `  The clients opened ${whole(counts.connections)} connections.`,
    '  Nothing that was acknowledged is lost, nothing came out of order, twice without the mark, or to the wrong reader.',
    '',
  ].join('\n');
}

export function failureText(seed: number, data: string, result: RunResult): string {
  const { violations, recorder, counts, seconds } = result;
  const [first] = violations;
  const others = violations.slice(1, 10).map(({ check, problem }) => `  ${check}: ${problem}`);
  return [
    `FAILED with seed ${seed} after ${whole(seconds)} s, ${counts.kills} kills and ${whole(counts.acknowledged)} acknowledged messages.`,
    ...(first === undefined
      ? []
      : [`  ${first.check}: ${first.problem}`, '', 'What happened there:', ...explain(recorder.log, recorder.world, first)]),
    ...(others.length === 0 ? [] : ['', `Also (${violations.length - 1}):`, ...others]),
    '',
    `The data folder is kept: ${data}`,
    `The same clients and faults once more: npm run torture -- --seed ${seed} (and --minutes or --kills as now).`,
    '',
  ].join('\n');
}
