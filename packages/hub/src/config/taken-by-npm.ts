/**
 * npm keeps the options that stand before a "--" for itself: `npm start --port 5189` starts the hub with the argument "5189"
 * and with npm_config_port=true in its environment. Some shells drop variables with a dot in their name, so for
 * `npm start --log.level debug` the argument alone may be left.
 */
import { flagOf } from './names.ts';
import { quote } from './sources.ts';

interface Start {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What to tell somebody whose options npm has kept; undefined if there is no sign of it. */
export function takenByNpm({ argv, env }: Start, names: readonly string[]): string | undefined {
  const script = env.npm_lifecycle_event;
  if (script === undefined || script === 'npx') return undefined;
  const taken = names.filter((name) => env[`npm_config_${name}`] !== undefined).map(flagOf);
  const [first] = argv;
  const isLeft = first !== undefined && !first.startsWith('-');
  if (taken.length === 0 && !isLeft) return undefined;
  const command = script === 'start' ? 'npm start' : `npm run ${script}`;
  const what =
    taken.length > 0 ? `npm has kept ${taken.join(' and ')} for itself` : `npm has kept the option before ${quote(first)} for itself`;
  return `${what}: options of the hub stand after a "--" of their own, as in ${command} -- ${taken[0] ?? '--port'} …`;
}
