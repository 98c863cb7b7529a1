/** How the hubs and the clients of a run are set up. */
import type { ActorPorts } from './actor/actor.ts';
import type { PresenceBounds } from './checks/presence.ts';
import type { Addresses } from './clients/link.ts';
import { RawLink } from './clients/raw-link.ts';
import { stockLink } from './clients/stock-link.ts';
import type { Plan } from './plan.ts';
import type { Recorder } from './recorder.ts';
import { type Seeded, seeded } from './seeded.ts';

const pingMs = { interval: 2_000, timeout: 2_000 };
/** For the hub to notice, in a process that shares the machine with all its clients. */
const slackMs = 2_000;
/** For what one node tells another: if the bus has lost it, it is found in the store. */
const toldMs = 1_500;
/** A node that is silent is taken for dead after 6 s, and all others know within 8 s. */
const deadMs = 8_000;
/** The longest time for which a node is stopped, and a little for what it does then. */
const stoppedMs = 14_000;
export const connectionsPerUserMax = 8;
/** Of the seeds, this part meets full queues. */
const smallQueueEvery = 3;

export function presenceBounds(isCluster: boolean): PresenceBounds {
  const silentMs = pingMs.interval + pingMs.timeout + slackMs;
  if (!isCluster) return { closedMs: slackMs, silentMs };
  const cluster = { shownMs: toldMs + slackMs, deadMs: deadMs + slackMs };
  return { closedMs: slackMs + toldMs, silentMs: silentMs + toldMs, cluster };
}

export function hubArguments(seed: number, isCluster: boolean): string[] {
  const queue = seed % smallQueueEvery === 0 ? 2_000 : 100_000_000;
  return [
    ...['--ping.interval', `${pingMs.interval}ms`, '--ping.timeout', `${pingMs.timeout}ms`, '--drain.timeout', '2s'],
    ...['--queue.max-messages', String(queue), '--connections.max-per-user', String(connectionsPerUserMax)],
    // Small enough that a reader that stops is soon served from the log.
    ...['--outbox.high-water', '64KiB', '--outbox.low-water', '16KiB', '--log.level', isCluster ? 'info' : 'error'],
  ];
}

export interface ActorSetup {
  readonly seed: number;
  readonly plan: Plan;
  readonly recorder: Recorder;
  /** Of the nodes. */
  readonly ports: readonly number[];
  readonly isCluster: boolean;
  readonly index: number;
}

export function actorPorts({ seed, plan, recorder, ports, isCluster, index }: ActorSetup): ActorPorts {
  const { world, actors, observer } = plan;
  const observingUser = world.readers[actors[observer]?.reader ?? -1]?.user;
  return {
    recorder,
    random: seeded(seed, `actor ${index}`),
    recipients: [...world.users.keys()].filter((user) => user !== observingUser),
    acknowledgeDelayMs: { min: 20, max: 400 },
    passingCodes: new Set(isCluster ? ['shutting_down', 'overloaded', 'not_registered'] : ['shutting_down']),
    lateMs: isCluster ? stoppedMs : 0,
    makeLink: ({ client }, handlers, random, auth) => {
      const addresses = addressesOf(ports, seeded(seed, `nodes ${index}`));
      if ('stock' in client) return stockLink(addresses, client.stock, handlers, auth);
      return new RawLink(addresses, client.raw, handlers, random);
    },
  };
}

/** Any node first, then always another one than the last time. */
function addressesOf(ports: readonly number[], random: Seeded): Addresses {
  let node = random.between(0, ports.length - 1);
  const portOf = (index: number): number => ports[index] ?? 0;
  return {
    dial() {
      if (ports.length > 1) node = (node + random.between(1, ports.length - 1)) % ports.length;
      return { node, port: portOf(node) };
    },
    anyPort: ports.length > 1 ? () => random.pick(ports) : undefined,
  };
}
