/** The command line of the rig. */
import { parseArgs } from 'node:util';

export interface Options {
  readonly seed: number;
  readonly durationMs: number;
  readonly kills: number;
  /** Instead of a run: how fast a hub is ready with so many undelivered messages. */
  readonly pending: number | undefined;
}

export const help = `npm run torture -- [options]

Kills, stops and restarts a real hub under real clients, and checks that nothing that was acknowledged
is lost, doubled, reordered or given to somebody else. Without options: a short run of under a minute,
if the machine has little else to do.

  --minutes N   how long the clients are disturbed; the drain comes on top
  --seed S      repeats the clients, their choices and the schedule of faults of that seed. What real processes
                make of it in real time can't be repeated exactly: try a few times
  --kills N     how often the hub is killed (20 a minute)
  --pending N   instead: how long a killed hub with N undelivered messages takes until it listens again
  --help        this text
`;

const shortRun = { durationMs: 20_000, kills: 10 };
const killsPerMinute = 20;

/** The options, or what to print instead of a run. `anySeed` is taken if none is given. */
export function parseOptions(argv: readonly string[], anySeed: number): Options | { readonly print: string; readonly isProblem: boolean } {
  const text = { type: 'string' } as const;
  let values: ReturnType<typeof parse>;
  try {
    values = parse();
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return { print: help, isProblem: false };
  const minutes = positive(values.minutes);
  const kills = positive(values.kills);
  const pending = positive(values.pending);
  const seed = positive(values.seed);
  for (const [name, value] of Object.entries({ minutes, kills, pending, seed })) {
    if (Number.isNaN(value)) return problem(`--${name} must be a number above 0.`);
  }
  const durationMs = minutes === undefined ? shortRun.durationMs : minutes * 60_000;
  const usualKills = minutes === undefined ? shortRun.kills : Math.ceil(minutes * killsPerMinute);
  return {
    seed: Math.floor(seed ?? anySeed),
    durationMs,
    kills: Math.ceil(kills ?? usualKills),
    pending: pending === undefined ? undefined : Math.ceil(pending),
  };

  function parse() {
    const options = { minutes: text, seed: text, kills: text, pending: text, help: { type: 'boolean' } } as const;
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values;
  }
}

/** NaN if it is none. */
function positive(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  return number > 0 && Number.isFinite(number) ? number : Number.NaN;
}

function problem(message: string) {
  return { print: `${message}\n\n${help}`, isProblem: true };
}
