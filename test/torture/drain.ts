/**
 * The end of a run: a clean restart, then every reader connects and fetches what waits for it, round after round, until
 * nothing does. Then once more, for the check that nothing is left; and everybody goes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor } from './actor/actor.ts';
import type { HubControl } from './hub-control.ts';
import type { ActorPlan, Plan } from './plan.ts';
import { watchPresence } from './presence-watch.ts';
import type { Recorder } from './recorder.ts';
import { until } from './until.ts';

export interface DrainPorts {
  readonly hub: HubControl;
  readonly recorder: Recorder;
  readonly plan: Plan;
  readonly makeActor: (plan: ActorPlan, index: number) => Actor;
  readonly onProgress: (line: string) => void;
}

const roundsMax = 10;
const catchUpMs = 120_000;
/** A pong may have to wait a second for its turn. */
const proofMs = 1_500;

export async function drain(ports: DrainPorts): Promise<void> {
  const { hub, recorder, onProgress } = ports;
  await hub.terminate(0);
  for (let round = 1; round <= roundsMax; round++) {
    const queued = await fetchAll(ports, round);
    onProgress(`drain, round ${round}: ${queued} messages were queued`);
    if (queued > 0) continue;
    recorder.add({ kind: 'drained' });
    await fetchAll(ports, round + 1);
    await hub.end();
    return;
  }
  throw new Error(`After ${roundsMax} rounds messages are still queued.`);
}

/** Returns how many messages were queued when the readers came. */
async function fetchAll({ recorder, plan, makeActor }: DrainPorts, round: number): Promise<number> {
  const actors = [...plan.world.readers.keys()].map((reader) => makeActor(drainPlan(plan, reader), reader + 1_000 * round));
  const before = recorder.counts.delivered;
  for (const actor of actors) actor.start();
  await until('fetch what was queued', actors, (actor) => actor.hasCaughtUp, catchUpMs);
  const observer = actors.at(-1);
  const stopWatching = observer === undefined ? () => {} : watchPresence(observer, recorder);
  await sleep(proofMs);
  for (const actor of actors) if (actor !== observer) actor.stop();
  await sleep(proofMs);
  stopWatching();
  observer?.stop();
  return recorder.counts.delivered - before;
}

/** A client of the plainest kind that only reads. */
function drainPlan(plan: Plan, reader: number): ActorPlan {
  const { user = -1, device = '' } = plan.world.readers[reader] ?? {};
  return {
    name: `${plan.world.users[user]}/${device}`,
    reader,
    client: { stock: 'websocket' },
    window: 0,
    rooms: [],
    wanders: [],
    isSleeper: false,
    isLate: false,
  };
}
