/** When what goes wrong in a cluster. */
import type { Plan } from './plan.ts';
import { disturbances, type HubFault, type Step, spread } from './schedule.ts';
import type { Seeded } from './seeded.ts';

export interface ClusterScheduleOptions {
  readonly durationMs: number;
  /** Beside what happens to clients. */
  readonly faults: number;
  readonly nodes: number;
  /** The bus is a server of its own. */
  readonly hasBusServer: boolean;
}

/** Every kind comes as often as it is named here, in each round of so many faults. */
const kinds = [
  ...['kill', 'killBus', 'stopShort', 'restartStore', 'kill', 'sever', 'freezeBus', 'stopLong'],
  ...['terminate', 'kill', 'killBus', 'freezeStore', 'kill', 'sever', 'roll', 'killLong'],
] as const;

/** The lease of a node ends between the two. */
const stopsMs = { short: 3_000, long: 12_000 };

export function makeClusterSchedule(random: Seeded, plan: Plan, options: ClusterScheduleOptions): readonly Step[] {
  const { durationMs, faults, nodes, hasBusServer } = options;
  const possible = kinds.filter((kind) => hasBusServer || !kind.endsWith('Bus'));
  const dealt = deal(random, possible, faults);
  const steps = [
    ...spread(random, durationMs, faults, () => faultOf(random, dealt.pop() ?? 'kill', nodes)),
    ...disturbances(random, plan, durationMs),
  ];
  return steps.sort((a, b) => a.atMs - b.atMs);
}

/** As cards, shuffled anew for each round; the kinds of a round that is not full are the first ones. */
function deal<T>(random: Seeded, cards: readonly T[], count: number): T[] {
  const dealt: T[] = [];
  while (dealt.length < count) {
    const round = cards.slice(0, count - dealt.length);
    while (round.length > 0) dealt.push(...round.splice(random.between(0, round.length - 1), 1));
  }
  return dealt;
}

function faultOf(random: Seeded, kind: string, nodes: number): HubFault {
  const node = random.between(0, nodes - 1);
  if (kind === 'killLong') return { kind: 'kill', node, downMs: random.between(7_000, 10_000) };
  if (kind === 'terminate') return { kind, node, downMs: random.between(0, 1_000) };
  if (kind === 'stopShort') return { kind: 'stop', node, forMs: stopsMs.short };
  if (kind === 'stopLong') return { kind: 'stop', node, forMs: stopsMs.long };
  if (kind === 'killBus' || kind === 'freezeBus') return { kind, forMs: random.between(500, 5_000) };
  if (kind === 'restartStore') return { kind, downMs: random.between(0, 2_000) };
  if (kind === 'freezeStore') return { kind, forMs: random.chance(0.7) ? random.between(500, 4_000) : 10_000 };
  if (kind === 'sever') return { kind, share: random.pick([0.3, 0.6, 1]) };
  if (kind === 'roll') return { kind };
  return { kind: 'kill', node, downMs: random.chance(0.6) ? 0 : random.between(50, 2_000) };
}
