/**
 * One run: a hub, its clients, and a schedule of what goes wrong; then everything calms down, everybody fetches what
 * is queued, and the checks look for what never came.
 *
 * The plan of clients, each client's choices and the schedule of faults come from the seed. What the real processes make of
 * them in real time can't be replayed exactly.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Actor, type ActorPorts } from './actor/actor.ts';
import { allChecks } from './checks/all.ts';
import type { Violation } from './checks/check.ts';
import { RawLink } from './clients/raw-link.ts';
import { stockLink } from './clients/stock-link.ts';
import { drain } from './drain.ts';
import { HubControl, type HubCounts } from './hub-control.ts';
import { type ActorPlan, makePlan, type Plan } from './plan.ts';
import { watchPresence } from './presence-watch.ts';
import { Recorder, type RunCounts } from './recorder.ts';
import { type Fault, makeSchedule } from './schedule.ts';
import { seeded } from './seeded.ts';
import { until } from './until.ts';

export interface RunOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly kills: number;
  /** The hub's data folder. */
  readonly data: string;
  readonly onProgress: (line: string) => void;
}

export interface RunResult {
  readonly violations: readonly Violation[];
  readonly recorder: Recorder;
  readonly counts: RunCounts & HubCounts;
  readonly seconds: number;
}

const pingMs = { interval: 2_000, timeout: 2_000 };
/** For the hub to notice, in a process that shares the machine with all its clients. */
const slackMs = 2_000;
const firstConnectMs = 15_000;
/** For replies and repetitions after the last fault. */
const settleMs = 30_000;
/** Of the seeds, this part meets full queues. */
const smallQueueEvery = 3;

export async function run(options: RunOptions): Promise<RunResult> {
  const { seed, durationMs, kills, data, onProgress } = options;
  const plan = makePlan(seeded(seed, 'plan'));
  const schedule = makeSchedule(seeded(seed, 'schedule'), plan, { durationMs, kills });
  const bounds = { closedMs: slackMs, silentMs: pingMs.interval + pingMs.timeout + slackMs };
  const recorder = new Recorder(plan.world, allChecks(bounds));
  const hub = new HubControl(recorder, data, hubArguments(seed));
  try {
    await hub.start();
    const actors = plan.actors.map((actor, index) => new Actor(actor, actorPorts(seed, plan, recorder, hub.port, index)));
    await act({ options, plan, recorder, hub, actors, schedule });
    if (recorder.violations.length === 0)
      await drain({ hub, recorder, plan, makeActor: (actor, index) => drainActor(actor, index), onProgress });
    recorder.end();
  } catch (error) {
    recorder.fault({ check: 'the run', problem: error instanceof Error ? error.message : String(error) });
  } finally {
    await hub.dispose();
  }
  const seconds = recorder.nowMs() / 1000;
  return { violations: recorder.violations, recorder, counts: { ...recorder.counts, ...hub.counts }, seconds };

  function drainActor(actor: ActorPlan, index: number): Actor {
    const ports = actorPorts(seed, plan, recorder, hub.port, index);
    return new Actor(actor, { ...ports, acknowledgeDelayMs: { min: 10, max: 30 } });
  }
}

interface Act {
  readonly options: RunOptions;
  readonly plan: Plan;
  readonly recorder: Recorder;
  readonly hub: HubControl;
  readonly actors: readonly Actor[];
  readonly schedule: ReturnType<typeof makeSchedule>;
}

/** From the first connection to the last reply. */
async function act({ options, plan, recorder, hub, actors, schedule }: Act): Promise<void> {
  const { durationMs, onProgress } = options;
  const early = actors.filter((actor) => !actor.plan.isLate);
  for (const actor of early) actor.start();
  await until('register', early, (actor) => actor.isRegistered && actor.isSettled, firstConnectMs);
  for (const actor of actors) actor.beginToSend();
  const observer = actors[plan.observer];
  const stopWatching = observer === undefined ? () => {} : watchPresence(observer, recorder);
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
    await carryOut(fault, hub, actors);
    startMs += recorder.nowMs() - beganMs;
    if (recorder.nowMs() - shownMs < 10_000) continue;
    shownMs = recorder.nowMs();
    onProgress(
      `${Math.round(shownMs / 1000)} s: ${hub.counts.kills} kills, ${recorder.counts.acknowledged} acknowledged, ${recorder.counts.delivered} delivered`,
    );
  }

  for (const actor of actors) actor.finish();
  if (recorder.violations.length === 0)
    await until('get all their answers', actors, (actor) => actor.isRegistered && actor.isSettled, settleMs);
  clearTimeout(startLate);
  stopWatching();
  for (const actor of actors) actor.stop();
}

async function carryOut(fault: Fault, hub: HubControl, actors: readonly Actor[]): Promise<void> {
  if (fault.kind === 'kill') await hub.kill(fault.downMs);
  else if (fault.kind === 'terminate') await hub.terminate(fault.downMs);
  else if (fault.kind === 'stop') await hub.stopFor(fault.forMs);
  else actors[fault.actor]?.disturb(fault.disturbance);
}

function hubArguments(seed: number): string[] {
  const queue = seed % smallQueueEvery === 0 ? 2_000 : 100_000_000;
  return [
    ...['--ping.interval', `${pingMs.interval}ms`, '--ping.timeout', `${pingMs.timeout}ms`, '--drain.timeout', '2s'],
    ...['--queue.max-messages', String(queue), '--connections.max-per-user', '8'],
    // Small enough that a reader that stops is soon served from the log.
    ...['--outbox.high-water', '64KiB', '--outbox.low-water', '16KiB', '--log.level', 'error'],
  ];
}

function actorPorts(seed: number, plan: Plan, recorder: Recorder, port: number, index: number): ActorPorts {
  const { world, actors, observer } = plan;
  const observingUser = world.readers[actors[observer]?.reader ?? -1]?.user;
  return {
    recorder,
    random: seeded(seed, `actor ${index}`),
    recipients: [...world.users.keys()].filter((user) => user !== observingUser),
    acknowledgeDelayMs: { min: 20, max: 400 },
    makeLink: ({ client }, handlers, random, auth) =>
      'stock' in client
        ? stockLink(`http://127.0.0.1:${port}`, client.stock, handlers, auth)
        : new RawLink(port, client.raw, handlers, random),
  };
}
