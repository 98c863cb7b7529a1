/**
 * The end of a run: a clean restart, then every reader connects and fetches what waits for it, round after round, until
 * nothing does; then everybody goes, and is seen to have gone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor } from './actor/actor.ts';
import type { Hubs } from './hubs.ts';
import type { ActorPlan, Plan } from './plan.ts';
import { watchPresence } from './presence-watch.ts';
import type { Recorder } from './recorder.ts';
import { until } from './until.ts';

export interface DrainPorts {
  readonly hubs: Hubs;
  readonly recorder: Recorder;
  readonly plan: Plan;
  readonly makeActor: (plan: ActorPlan, index: number) => Actor;
  readonly onProgress: (line: string) => void;
}

const roundsMax = 6;
const catchUpMs = 120_000;
/** A pong may have to wait a second for its turn. */
const acknowledgementMs = 1_500;
/** For the last snapshots of presence to show that everybody has gone. */
const goneMs = 3_000;

/** If messages are queued still after the last round, the checks find it. */
export async function drain(ports: DrainPorts): Promise<void> {
  await ports.hubs.restart();
  for (let round = 1; round <= roundsMax; round++) {
    const fetched = await fetchAll(ports, round);
    ports.onProgress(`drain, round ${round}: ${fetched} messages were queued`);
    if (fetched === 0) break;
  }
  await ports.hubs.end();
}

/** Returns how many messages came. */
async function fetchAll({ recorder, plan, makeActor }: DrainPorts, round: number): Promise<number> {
  const actors = [...plan.world.readers.keys()].map((reader) => makeActor(drainPlan(plan, reader), reader + 1_000 * round));
  const before = recorder.counts.delivered;
  for (const actor of actors) actor.start();
  await until('fetch what was queued', actors, (actor) => actor.hasCaughtUp, catchUpMs);
  await sleep(acknowledgementMs);
  const fetched = recorder.counts.delivered - before;
  const [observer, ...others] = actors;
  const stopWatching = observer === undefined ? () => {} : watchPresence(observer, recorder);
  for (const actor of others) actor.stop();
  if (fetched === 0) await sleep(goneMs);
  stopWatching();
  observer?.stop();
  return fetched;
}

/** A client of the plainest kind that only reads. */
function drainPlan(plan: Plan, reader: number): ActorPlan {
  const { user = -1, device = '' } = plan.world.readers[reader] ?? {};
  return {
    ...{ name: [plan.world.users[user], device].filter((part) => part !== '').join('/'), reader, client: { stock: 'websocket' } },
    ...{ window: 0, rooms: [], wanders: [], isSleeper: false, isLate: false, hasIdentityInHandshake: true },
  };
}
