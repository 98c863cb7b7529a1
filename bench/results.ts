/** What a run of the benchmark found, in the form in which it is kept. */
import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { median } from './lib/numbers.ts';
import { scenarios } from './scenarios/all.ts';
import type { Figures } from './scenarios/scenario.ts';
import { type Judgement, type Medians, targets } from './targets.ts';

export interface Sample {
  readonly scenario: string;
  readonly system: string;
  readonly round: number;
  readonly figures: Figures;
}

export interface Skip {
  readonly scenario: string;
  readonly system: string;
  readonly reason: string;
}

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGB: number;
  readonly system: string;
  readonly node: string;
}

export interface JudgedTarget extends Partial<Judgement> {
  readonly scenario: string;
  readonly text: string;
}

export interface Results {
  readonly startedAt: string;
  readonly commit: string;
  readonly machine: Machine;
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly settings: Readonly<Record<string, readonly string[]>>;
  readonly samples: readonly Sample[];
  readonly skips: readonly Skip[];
  /** Those that could not be judged have no `isMet`. */
  readonly targets: readonly JudgedTarget[];
}

export function mediansOf(samples: readonly Sample[]): Medians {
  return (scenario, system, figure) => {
    const values = samples
      .filter((sample) => sample.scenario === scenario && sample.system === system)
      .map(({ figures }) => figures[figure])
      .filter((value): value is number => value !== undefined && Number.isFinite(value));
    return values.length === 0 ? undefined : median(values);
  };
}

export function judge(samples: readonly Sample[]): readonly JudgedTarget[] {
  const medians = mediansOf(samples);
  const measured = new Set(samples.map(({ scenario }) => scenario));
  return targets
    .filter(({ scenario }) => measured.has(scenario))
    .map((target) => ({ scenario: target.scenario, text: target.text, ...target.judge(medians) }));
}

/** The systems of a scenario that were measured, in its order. */
export function measuredSystems(samples: readonly Sample[], scenario: string): readonly string[] {
  const measured = new Set(samples.filter((sample) => sample.scenario === scenario).map(({ system }) => system));
  const known = scenarios.find(({ id }) => id === scenario)?.systems ?? [];
  return [...known.filter((system) => measured.has(system)), ...[...measured].filter((system) => !known.includes(system))];
}

export function thisMachine(): Machine {
  const processors = cpus();
  return {
    cores: processors.length,
    processor: processors[0]?.model ?? 'unknown',
    memoryGB: Math.round(totalmem() / 1e9),
    system: `${type()} ${release()}`,
    node: process.version,
  };
}

/** The commit that was measured, with a mark if files differ from it; empty outside a repository. */
export function thisCommit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      encoding: 'utf8',
    }).trim();
  } catch {
    return '';
  }
}
