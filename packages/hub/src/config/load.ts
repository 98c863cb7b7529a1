/**
 * Makes the configuration from what was given. Pure: reading the file is passed in.
 *
 * A flag wins over an environment variable, that over the config file, and that over the default. Everything that
 * is wrong is told at once, and nothing that was given is ever silently ignored.
 */
import { helpText } from './help.ts';
import { text } from './kinds.ts';
import { type Config, type Option, options, toConfig } from './options.ts';
import { ruleProblems } from './rules.ts';
import { type Given, quote, type Reading, readEnvironment, readFlags, readJson } from './sources.ts';

export interface ConfigSources {
  /** Without the program and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Returns the text of a file, or throws an error whose message says why not. */
  readonly readFile: (path: string) => string;
}

export type LoadedConfig =
  | { readonly config: Config }
  /** Print this and exit 0. */
  | { readonly help: string }
  | { readonly version: true }
  /** One line for each thing that is wrong. */
  | { readonly problem: string };

const configOption = { name: 'config', kind: text };

export function loadConfig({ argv, env, readFile }: ConfigSources): LoadedConfig {
  const named = Object.values<Option<unknown>>(options);
  const flags = readFlags(argv, [...named, configOption]);
  if (flags.wantsHelp) return { help: helpText() };
  if (flags.wantsVersion) return { version: true };
  const variables = readEnvironment(env, [...named, configOption]);
  const path = lastOf('config', [...variables.given, ...flags.given]);
  const file = path === undefined ? { given: [], problems: [] } : readConfigFile(path, readFile, named);

  const readings = [file, variables, flags];
  const given = readings.flatMap((reading) => reading.given);
  const problems = readings.flatMap((reading) => reading.problems);
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries<Option<unknown>>(options)) {
    const chosen = lastOf(option.name, given);
    values[key] = chosen === undefined ? option.default : option.kind.parse(chosen.raw);
    if (values[key] === undefined) problems.push(valueProblem(option, chosen));
  }
  if (problems.length > 0) return { problem: problems.join('\n') };
  const config = toConfig(values);
  const broken = ruleProblems(config);
  return broken.length > 0 ? { problem: broken.join('\n') } : { config };
}

/** What was given later has precedence. */
function lastOf(name: string, given: readonly Given[]): Given | undefined {
  return given.findLast((candidate) => candidate.name === name);
}

function readConfigFile(given: Given, readFile: ConfigSources['readFile'], named: readonly Option<unknown>[]): Reading {
  const path = text.parse(given.raw);
  if (path === undefined) return { given: [], problems: [valueProblem(configOption, given)] };
  try {
    return readJson(path, readFile(path), named);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { given: [], problems: [`The config file ${quote(path)} (from ${given.from}) could not be read: ${reason}.`] };
  }
}

function valueProblem({ name, kind }: Pick<Option<unknown>, 'name' | 'kind'>, given: Given | undefined): string {
  return `${name} must be ${kind.expected}, not ${quote(given?.raw)} (from ${given?.from}).`;
}
