/** What we want to reach, as ratios between systems of one run, so that the machine matters as little as possible. */

/** The median of a figure, such as `('a', 'parley', 'cpuUs')`; undefined if it was not measured. */
export type Medians = (scenario: string, system: string, figure: string) => number | undefined;

export interface Target {
  readonly scenario: string;
  /** For people. */
  readonly text: string;
  /** undefined if something that it needs was not measured. */
  judge(medians: Medians): Judgement | undefined;
}

export interface Judgement {
  readonly value: number;
  readonly limit: number;
  readonly isMet: boolean;
}

const us = 'parley';

type Side = 'at most' | 'at least';

const judged = (value: number, side: Side, limit: number): Judgement => ({
  value,
  limit,
  isMet: side === 'at most' ? value <= limit : value >= limit,
});

/** Our figure over a peer's. */
function ratio(scenario: string, figure: string, peer: string, side: Side, limit: number, what: string): Target {
  return {
    scenario,
    text: `${what}: ${side} ${limit} × ${peer}`,
    judge(medians) {
      const [ours, theirs] = [medians(scenario, us, figure), medians(scenario, peer, figure)];
      return ours === undefined || theirs === undefined ? undefined : judged(ours / theirs, side, limit);
    },
  };
}

function absolute(scenario: string, figure: string, side: Side, limit: number, what: string): Target {
  return {
    scenario,
    text: `${what}: ${side} ${limit.toLocaleString('en-US')}`,
    judge(medians) {
      const ours = medians(scenario, us, figure);
      return ours === undefined ? undefined : judged(ours, side, limit);
    },
  };
}

/** Between two figures of ours: `larger` over `smaller`. */
function within(scenario: string, [figure, base]: readonly [string, string], side: Side, limit: number, what: string): Target {
  return {
    scenario,
    text: `${what}: ${side} ${limit} ×`,
    judge(medians) {
      const [value, reference] = [medians(scenario, us, figure), medians(scenario, us, base)];
      return value === undefined || reference === undefined ? undefined : judged(value / reference, side, limit);
    },
  };
}

const queueingAsFastAsOnline: Target = {
  scenario: 'e',
  text: 'queueing for the offline: at least 0.9 × acknowledged/s of (d)',
  judge(medians) {
    const [queued, online] = [medians('e', us, 'queuedPerSecond'), medians('d', us, 'perSecond')];
    return queued === undefined || online === undefined ? undefined : judged(queued / online, 'at least', 0.9);
  },
};

const medianAboveEcho: Target = {
  scenario: 'h',
  text: 'median latency, ms above the ws echo: at most 2',
  judge(medians) {
    const [ours, echo] = [medians('h', us, 'medianMs'), medians('h', 'ws echo', 'medianMs')];
    return ours === undefined || echo === undefined ? undefined : judged(ours - echo, 'at most', 2);
  },
};

export const targets: readonly Target[] = [
  ratio('a', 'cpuUs', 'socket.io', 'at most', 0.7, 'CPU a delivery'),
  ratio('a', 'cpuUs', 'ws prepared', 'at most', 1.15, 'CPU a delivery'),
  ratio('a', 'userUs', 'socket.io', 'at most', 0.3, 'user CPU a delivery'),
  ratio('b', 'cpuUs', 'socket.io', 'at most', 0.07, 'CPU a delivery'),
  ratio('b', 'cpuUs', 'bun publish', 'at most', 1.3, 'CPU a delivery'),
  ratio('c', 'perSecond', 'socket.io', 'at least', 3, 'deliveries/s'),
  ratio('d', 'perSecond', 'socket.io+sqlite', 'at least', 10, 'acknowledged/s'),
  ratio('d', 'perSecond', 'rabbitmq', 'at least', 3, 'acknowledged/s'),
  ratio('d', 'perSecond', 'jetstream sync', 'at least', 1, 'acknowledged/s'),
  absolute('d', 'perSecond', 'at least', 20_000, 'acknowledged/s'),
  absolute('e', 'catchUpPerSecond', 'at least', 100_000, 'catch-up, messages/s'),
  queueingAsFastAsOnline,
  ratio('f', 'perSecond', 'socket.io', 'at least', 1.5, 'connections/s, registered against bare'),
  ratio('g', 'kilobytes', 'socket.io', 'at most', 0.6, 'memory, registered against bare'),
  medianAboveEcho,
  absolute('h', 'p99Ms', 'at most', 25, '99th percentile, ms'),
  within('i', ['cpuUs 1,000', 'cpuUs 100'], 'at most', 1.2, 'CPU a delivery, 1,000 receivers against 100'),
  within('i', ['cpuUs 10,000', 'cpuUs 100'], 'at most', 1.2, 'CPU a delivery, 10,000 receivers against 100'),
  within('i', ['registerMB 100,000', 'registerMB 1,000'], 'at most', 1.2, 'memory of a register, 100,000 queued against 1,000'),
];
