/**
 * One run: a hub or a cluster, its clients, and a schedule of what goes wrong; then everything calms down, everybody fetches what
 * is queued, and the checks look for what never came.
 *
 * The plan of clients, each client's choices and the schedule of faults come from the seed. What the real processes make of
 * them in real time can't be replayed exactly.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Actor } from './actor/actor.ts';
import { allChecks } from './checks/all.ts';
import type { Violation } from './checks/check.ts';
import { clusterHubs } from './cluster-hubs.ts';
import { makeClusterSchedule } from './cluster-schedule.ts';
import { drain } from './drain.ts';
import { type FaultCounts, HubControl, noFaults } from './hub-control.ts';
import { type Hubs, hubAlone } from './hubs.ts';
import { LimitWatch } from './limit-watch.ts';
import type { ClusterOptions } from './options.ts';
import { type ActorPlan, makePlan, type Plan } from './plan.ts';
import { watchPresence } from './presence-watch.ts';
import { Recorder, type RunCounts } from './recorder.ts';
import { makeSchedule, type Step } from './schedule.ts';
import { seeded } from './seeded.ts';
import { actorPorts, connectionsPerUserMax, hubArguments, presenceBounds } from './setup.ts';
import { until } from './until.ts';

export interface RunOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly kills: number;
  readonly faults: number;
  readonly cluster: ClusterOptions | undefined;
  /** The data folder of a hub that is alone. */
  readonly data: string;
  readonly onProgress: (line: string) => void;
  /** Is given what ends all processes of a run that is broken off. */
  readonly onHubs: (dispose: () => Promise<void>) => void;
}

export interface RunResult {
  readonly violations: readonly Violation[];
  readonly recorder: Recorder;
  readonly counts: RunCounts & FaultCounts;
  readonly seconds: number;
  /** What each hub has printed. */
  readonly outputs: readonly string[];
}

const firstConnectMs = 15_000;
/** For replies and repetitions after the last fault. */
const settleMs = 30_000;

export async function run(options: RunOptions): Promise<RunResult> {
  const { seed, cluster, onProgress, onHubs } = options;
  const plan = makePlan(seeded(seed, 'plan'), cluster !== undefined);
  const recorder = new Recorder(plan.world, allChecks(presenceBounds(cluster !== undefined)));
  const hubs = await makeHubs(options, recorder);
  onHubs(() => hubs.dispose());
  try {
    await hubs.start();
    const ports = (index: number) => actorPorts({ seed, plan, recorder, ports: hubs.ports(), isCluster: cluster !== undefined, index });
    const actors = plan.actors.map((actor, index) => new Actor(actor, ports(index)));
    await act({ options, plan, recorder, hubs, actors, schedule: scheduleOf(options, plan) });
    const drainActor = (actor: ActorPlan, index: number) => new Actor(actor, { ...ports(index), acknowledgeDelayMs: { min: 10, max: 30 } });
    if (recorder.violations.length === 0) await drain({ hubs, recorder, plan, makeActor: drainActor, onProgress });
    recorder.end();
  } catch (error) {
    recorder.fault({ check: 'the run', problem: error instanceof Error ? error.message : String(error) });
  } finally {
    await hubs.dispose();
  }
  const seconds = recorder.nowMs() / 1000;
  return { violations: recorder.violations, recorder, counts: { ...recorder.counts, ...hubs.counts }, seconds, outputs: hubs.outputs() };
}

async function makeHubs({ seed, cluster, data }: RunOptions, recorder: Recorder): Promise<Hubs> {
  const args = hubArguments(seed, cluster !== undefined);
  if (cluster !== undefined) return clusterHubs(cluster, recorder, args);
  const counts = noFaults();
  return hubAlone(new HubControl({ recorder, node: 0, counts, data, args, startsMax: 1 }), counts);
}

function scheduleOf({ seed, durationMs, kills, faults, cluster }: RunOptions, plan: Plan): readonly Step[] {
  const random = seeded(seed, 'schedule');
  if (cluster === undefined) return makeSchedule(random, plan, { durationMs, kills });
  return makeClusterSchedule(random, plan, { durationMs, faults, nodes: cluster.nodes, hasBusServer: cluster.bus !== 'notify' });
}

interface Act {
  readonly options: RunOptions;
  readonly plan: Plan;
  readonly recorder: Recorder;
  readonly hubs: Hubs;
  readonly actors: readonly Actor[];
  readonly schedule: readonly Step[];
}

/** From the first connection to the last reply. */
async function act({ options, plan, recorder, hubs, actors, schedule }: Act): Promise<void> {
  const { durationMs } = options;
  const early = actors.filter((actor) => !actor.plan.isLate);
  for (const actor of early) actor.start();
  await until('register', early, (actor) => actor.isRegistered && actor.isSettled, firstConnectMs);
  for (const actor of actors) actor.beginToSend();
  const observer = actors[plan.observer];
  const stopWatching = observer === undefined ? () => {} : watchPresence(observer, recorder);
  const limit = new LimitWatch({ recorder, ports: hubs.ports(), limit: connectionsPerUserMax });
  if (options.cluster !== undefined) limit.start();
  const startLate = setTimeout(() => {
    for (const actor of actors) if (actor.plan.isLate) actor.start();
  }, durationMs / 2);

  // The schedule counts the time in which the hub runs, so that a slow machine does not kill a hub that has just started.
  let startMs = recorder.nowMs();
  let shownMs = 0;
  for (const { atMs, fault } of schedule) {
    if (recorder.violations.length > 0) break;
    await sleep(Math.max(0, startMs + atMs - recorder.nowMs()));
    const beganMs = recorder.nowMs();
    if (fault.kind === 'disturb') actors[fault.actor]?.disturb(fault.disturbance);
    else await hubs.carryOut(fault);
    startMs += recorder.nowMs() - beganMs;
    if (recorder.nowMs() - shownMs < 10_000) continue;
    shownMs = recorder.nowMs();
    options.onProgress(progressText(shownMs, recorder, hubs));
  }
  await hubs.calm();

  for (const actor of actors) actor.finish();
  if (recorder.violations.length === 0)
    await until('get all their answers', actors, (actor) => actor.isRegistered && actor.isSettled, settleMs);
  clearTimeout(startLate);
  await limit.stop();
  if (options.cluster !== undefined && recorder.violations.length === 0) await limit.expectAll();
  stopWatching();
  for (const actor of actors) actor.stop();
}

function progressText(nowMs: number, { counts }: Recorder, hubs: Hubs): string {
  const { slowestReadyMs: _, kills, ...others } = hubs.counts;
  const otherFaults = Object.values(others).reduce((sum, count) => sum + count, 0);
  return `${Math.round(nowMs / 1000)} s: ${kills} kills, ${otherFaults} other faults, ${counts.acknowledged} acknowledged, ${counts.delivered} delivered`;
}
