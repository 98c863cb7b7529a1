/**
 * Makes the configuration from what was given. Pure: reading the file is passed in.
 *
 * A flag wins over an environment variable, that over the config file, and that over the default. Everything that
 * is wrong is reported at once, and nothing that was given is ever silently ignored.
 */
import { checkOptions, type Read } from './check.ts';
import { readJson } from './config-file.ts';
import { helpText } from './help.ts';
import { text } from './kinds.ts';
import { type Config, type Option, options } from './options.ts';
import { type Given, printable, quote, type Reading, readEnvironment, readFlags } from './sources.ts';
import { takenByNpm } from './taken-by-npm.ts';

export interface ConfigSources {
  /** Without the program and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Returns the text of a file, or throws an error whose message says why not. */
  readonly readFile: (path: string) => string;
}

export type LoadedConfig =
  /** `ignored`: variables that look as if they were meant for the hub and are not, see `isServiceLink`. */
  | { readonly config: Config; readonly ignored: readonly string[] }
  /** Print this and exit 0. */
  | { readonly help: string }
  | { readonly version: true }
  /** One line for each thing that is wrong. */
  | { readonly problem: string };

const configOption = { name: 'config', kind: text };

export function loadConfig({ argv, env, readFile }: ConfigSources): LoadedConfig {
  const named = Object.values<Option<unknown>>(options);
  const taken = takenByNpm(
    { argv, env },
    [...named, configOption].map(({ name }) => name),
  );
  if (taken !== undefined) return { problem: taken };
  const flags = readFlags(argv, [...named, configOption]);
  if (flags.wantsHelp) return { help: helpText() };
  if (flags.wantsVersion) return { version: true };
  const variables = readEnvironment(env, [...named, configOption]);
  const path = lastOf('config', [...variables.given, ...flags.given]);
  const file = path === undefined ? { given: [], problems: [] } : readConfigFile(path, readFile, named);

  const readings = [file, variables, flags];
  const given = readings.flatMap((reading) => reading.given);
  const checked = checkOptions(
    (_key, option) => readValue(option, lastOf(option.name, given)),
    (config) => (key) => shown(options[key], config[key]),
  );
  const problems = [...readings.flatMap((reading) => reading.problems), ...('problems' in checked ? checked.problems : [])];
  if ('problems' in checked || problems.length > 0) return { problem: problems.join('\n') };
  return { config: checked.config, ignored: variables.ignored };
}

/** What was given later has precedence. */
function lastOf(name: string, given: readonly Given[]): Given | undefined {
  return given.findLast((candidate) => candidate.name === name);
}

function readValue(option: Option<unknown>, given: Given | undefined): Read | undefined {
  if (given === undefined) return undefined;
  const value = option.kind.parse(given.raw);
  return value === undefined ? { problem: valueProblem(option, given) } : { value };
}

function shown({ name, kind }: Option<unknown>, value: unknown): string {
  return `${name} (${kind.format(value)})`;
}

function readConfigFile(given: Given, readFile: ConfigSources['readFile'], named: readonly Option<unknown>[]): Reading {
  const path = text.parse(given.raw);
  if (path === undefined) return { given: [], problems: [valueProblem(configOption, given)] };
  try {
    return readJson(path, readFile(path), named);
  } catch (error) {
    return { given: [], problems: [`The config file ${quote(path)} (from ${given.from}) ${readFault(error)}.`] };
  }
}

/** What `readFile` says in the words of the system, for people. */
function readFault(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return 'does not exist: look at the path, which counts from the folder where the hub is started';
  if (code === 'EISDIR') return 'is a folder: name the file in it';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user: look at its permissions';
  return `could not be read: ${printable(error instanceof Error ? error.message : String(error))}`;
}

function valueProblem({ name, kind }: Pick<Option<unknown>, 'name' | 'kind'>, { raw, from }: Given): string {
  return `${name} must be ${kind.expected}, not ${quote(raw)} (from ${printable(from)}).`;
}
