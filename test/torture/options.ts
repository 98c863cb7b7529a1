/** The command line of the rig. */
import { parseArgs } from 'node:util';

export type BusName = 'notify' | 'redis' | 'nats';

export interface ClusterOptions {
  readonly nodes: number;
  readonly bus: BusName;
}

export interface Options {
  readonly seed: number;
  readonly durationMs: number;
  /** Of the hub that is alone. */
  readonly kills: number;
  /** Of all kinds, in a cluster. */
  readonly faults: number;
  /** Undefined: one hub on SQLite. */
  readonly cluster: ClusterOptions | undefined;
  /** Instead of a run: how fast a hub is ready with so many undelivered messages. */
  readonly pending: number | undefined;
}

export const help = `npm run torture -- [options]

Kills, stops and restarts real hubs under real clients, and checks that nothing that was acknowledged
is lost, doubled, reordered or given to somebody else. Without options: one hub on SQLite, a short run of
under a minute, if the machine has little else to do.

  --minutes N   how long the clients are disturbed; the drain comes on top, and in a cluster what faults last
  --seed S      repeats the clients, their choices and the schedule of faults of that seed. What real processes
                make of it in real time can't be repeated exactly: try a few times
  --kills N     how often the hub is killed (20 a minute)
  --store S     sqlite, which is one hub, or postgres: a cluster on a PostgreSQL server of the run's own
  --nodes N     hubs of the cluster (3)
  --bus B       what tells the nodes of each other's messages: notify, which is PostgreSQL itself, or redis or
                nats, which are started for the run and disturbed too
  --faults N    how often something happens to the cluster (20 a minute): a node is killed, stopped for 3 or 12 s or
                restarted, all are, one by one, the bus is killed or frozen, PostgreSQL is restarted as after a crash or
                frozen, or connections to it are ended
  --pending N   instead: how long a killed hub with N undelivered messages takes until it listens again
  --help        this text
`;

const shortRun = { durationMs: 20_000, kills: 10 };
const shortClusterRun = { durationMs: 12_000, faults: 9 };
const perMinute = { kills: 20, faults: 20 };
const usualNodes = 3;
const buses: readonly BusName[] = ['notify', 'redis', 'nats'];

type Printed = { readonly print: string; readonly isProblem: boolean };
type Values = ReturnType<typeof parse>;

/** The options, or what to print instead of a run. `anySeed` is taken if none is given. */
export function parseOptions(argv: readonly string[], anySeed: number): Options | Printed {
  let values: Values;
  try {
    values = parse(argv);
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return { print: help, isProblem: false };
  const minutes = positive(values.minutes);
  const kills = positive(values.kills);
  const faults = positive(values.faults);
  const pending = positive(values.pending);
  const seed = positive(values.seed);
  for (const [name, value] of Object.entries({ minutes, kills, faults, pending, seed })) {
    if (Number.isNaN(value)) return problem(`--${name} must be a number above 0.`);
  }
  const cluster = clusterOf(values);
  if (cluster !== undefined && 'print' in cluster) return cluster;
  if (cluster === undefined && faults !== undefined) return problem('--faults is for clusters. One hub has --kills.');
  if (cluster !== undefined && kills !== undefined) return problem('--kills is for one hub. A cluster has --faults.');
  const short = cluster === undefined ? shortRun : shortClusterRun;
  return {
    seed: Math.floor(seed ?? anySeed),
    durationMs: minutes === undefined ? short.durationMs : minutes * 60_000,
    kills: Math.ceil(kills ?? (minutes === undefined ? shortRun.kills : minutes * perMinute.kills)),
    faults: Math.ceil(faults ?? (minutes === undefined ? shortClusterRun.faults : minutes * perMinute.faults)),
    cluster,
    pending: pending === undefined ? undefined : Math.ceil(pending),
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    ...{ minutes: text, seed: text, kills: text, pending: text, help: flag },
    ...{ store: text, nodes: text, bus: text, faults: text },
  } as const;
  return parseArgs({ args: [...argv], options, allowPositionals: false }).values;
}

function clusterOf({ store = 'sqlite', nodes, bus }: Values): ClusterOptions | Printed | undefined {
  const count = nodes === undefined ? undefined : Number(nodes);
  if (count !== undefined && !(Number.isInteger(count) && count > 0)) return problem('--nodes must be a whole number above 0.');
  if (store === 'sqlite') {
    if (count !== undefined && count > 1) return problem('Several nodes need --store postgres.');
    return bus === undefined ? undefined : problem('--bus is for clusters, which need --store postgres.');
  }
  if (store !== 'postgres') return problem('--store must be sqlite or postgres.');
  const known = buses.find((name) => name === (bus ?? 'notify'));
  return known === undefined ? problem(`--bus must be one of ${buses.join(', ')}.`) : { nodes: count ?? usualNodes, bus: known };
}

/** NaN if it is none. */
function positive(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  return number > 0 && Number.isFinite(number) ? number : Number.NaN;
}

function problem(message: string): Printed {
  return { print: `${message}\n\n${help}`, isProblem: true };
}
