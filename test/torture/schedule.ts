/** When what goes wrong: the whole run's faults, made from the seed before it begins. */
import { type Disturbance, upgradeSteps } from './clients/link.ts';
import type { Plan } from './plan.ts';
import type { Seeded } from './seeded.ts';

/** What happens to hubs and to the servers that they share. `roll`: all nodes are told to end and started again, one by one. */
export type HubFault =
  | { readonly kind: 'kill'; readonly node: number; readonly downMs: number }
  | { readonly kind: 'terminate'; readonly node: number; readonly downMs: number }
  | { readonly kind: 'stop'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'roll' }
  | { readonly kind: 'killBus'; readonly forMs: number }
  | { readonly kind: 'freezeBus'; readonly forMs: number }
  | { readonly kind: 'restartStore'; readonly downMs: number }
  | { readonly kind: 'freezeStore'; readonly forMs: number }
  /** Some of the hubs' connections to the store are ended. */
  | { readonly kind: 'sever'; readonly share: number };

export type Fault = HubFault | { readonly kind: 'disturb'; readonly actor: number; readonly disturbance: Disturbance };

export interface Step {
  readonly atMs: number;
  readonly fault: Fault;
}

export interface ScheduleOptions {
  readonly durationMs: number;
  readonly kills: number;
}

/** Of the kills, so many times more often or more seldom. */
const terminationsPerKill = 0.2;
const stopsPerKill = 0.15;
/** Between two things that happen to clients. */
const disturbanceEveryMs = 220;
const sleepMs = { min: 2_000, max: 9_000 };

export function makeSchedule(random: Seeded, plan: Plan, { durationMs, kills }: ScheduleOptions): readonly Step[] {
  const steps = [
    ...spread(random, durationMs, kills, () => ({ kind: 'kill', node: 0, downMs: random.chance(0.7) ? 0 : random.between(50, 600) })),
    ...spread(random, durationMs, Math.ceil(kills * terminationsPerKill), () => ({
      kind: 'terminate',
      node: 0,
      downMs: random.between(0, 300),
    })),
    ...spread(random, durationMs, Math.ceil(kills * stopsPerKill), () => ({ kind: 'stop', node: 0, forMs: stopMs(random) })),
    ...disturbances(random, plan, durationMs),
  ];
  return steps.sort((a, b) => a.atMs - b.atMs);
}

export function disturbances(random: Seeded, plan: Plan, durationMs: number): Step[] {
  return spread(random, durationMs, Math.round(durationMs / disturbanceEveryMs), () => disturb(random, plan));
}

/** Evenly over the time, each at a random moment of its part. */
export function spread(random: Seeded, durationMs: number, count: number, fault: () => Fault): Step[] {
  return Array.from({ length: count }, (_, index) => ({ atMs: (durationMs * (index + random.fraction())) / count, fault: fault() }));
}

/** Mostly short: a stop beyond ping interval and timeout makes every client come anew. */
function stopMs(random: Seeded): number {
  return random.chance(0.7) ? random.between(1_000, 2_000) : random.between(2_000, 5_000);
}

function disturb(random: Seeded, plan: Plan): Fault {
  const actor = random.between(0, plan.actors.length - 1);
  const { client, isSleeper } = plan.actors[actor] ?? { client: { stock: 'websocket' }, isSleeper: false };
  if (isSleeper) return { kind: 'disturb', actor, disturbance: { kind: 'goodbye', awayMs: random.between(sleepMs.min, sleepMs.max) } };
  const kinds = 'stock' in client ? (['goodbye', 'drop'] as const) : rawKinds[client.raw];
  return { kind: 'disturb', actor, disturbance: disturbance(random, random.pick<Disturbance['kind']>(kinds)) };
}

const rawKinds = {
  websocket: ['goodbye', 'drop', 'hang', 'hang', 'pause', 'pause'],
  polling: ['drop', 'hang', 'pause', 'upgrade', 'upgrade', 'upgrade', 'upgrade'],
} as const;

function disturbance(random: Seeded, kind: Disturbance['kind']): Disturbance {
  if (kind === 'goodbye') return { kind, awayMs: random.between(0, 800) };
  if (kind === 'pause') return { kind, forMs: random.between(200, 3_500) };
  if (kind === 'upgrade') return { kind, until: random.pick(upgradeSteps) };
  return { kind };
}
