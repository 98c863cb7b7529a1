/**
 * What a set of options has to pass, wherever it was given: each value is one of its kind, the rest has defaults, and
 * the values fit together. Everything that is wrong is reported at once.
 */
import { nearest } from './names.ts';
import { type Config, defaults, type HubSettings, type Option, type OptionKey, options, programKeys, toConfig } from './options.ts';
import { ruleProblems, type Show } from './rules.ts';
import { sqlite, withoutPasswords } from './servers.ts';
import { quote } from './sources.ts';

/** A value that was given, read; `problem` if it is not acceptable. */
export type Read = { readonly value: unknown } | { readonly problem: string };

export type Checked = { readonly config: Config } | { readonly problems: readonly string[] };

/** `read` is asked for each option; undefined if it was not given. `show` names an option for the rules between options. */
export function checkOptions(read: (key: OptionKey, option: Option<unknown>) => Read | undefined, show: (config: Config) => Show): Checked {
  const values: Record<string, unknown> = { ...defaults };
  const problems = new Map<string, string>();
  for (const [key, option] of Object.entries<Option<unknown>>(options)) {
    const found = isOptionKey(key) ? read(key, option) : undefined;
    if (found === undefined) continue;
    if ('problem' in found) problems.set(key, found.problem);
    else values[key] = found.value;
  }
  const config = toConfig(values);
  const all = [...problems.values(), ...ruleProblems(config, show(config), new Set(problems.keys()))];
  return all.length > 0 ? { problems: all } : { config };
}

function isOptionKey(name: string): name is OptionKey {
  return Object.hasOwn(options, name);
}

/** The options of `createHub` are wrong: `problems` has one sentence for each thing, and the message has all of them. */
export class OptionsError extends Error {
  readonly code = 'invalid_options';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['The options of the hub are wrong.', ...problems].join('\n'));
    this.name = 'OptionsError';
    this.problems = problems;
  }
}

/** What `createHub` takes beside the table's options. Each must be an object with these methods, or a function if it has none. */
const others: Readonly<Record<string, { readonly methods: readonly string[]; readonly expected: string }>> = {
  log: { methods: ['debug', 'info', 'warn', 'error'], expected: 'an object with the methods debug, info, warn and error' },
  authenticator: { methods: ['authenticate'], expected: 'an object with the method authenticate' },
  onFailed: { methods: [], expected: 'a function' },
};

/**
 * The options of an application that embeds the hub: values in the unit that the name says, undefined for the default.
 * Throws `OptionsError`.
 */
export function checkHubOptions(given: unknown): HubSettings {
  if (typeof given !== 'object' || given === null) throw new OptionsError([`createHub needs an object, such as { data: './data' }.`]);
  const entries = new Map(Object.entries(given).filter(([, value]) => value !== undefined));
  const problems = [...entries.keys()].flatMap((name) => nameProblem(name) ?? []);
  const isShared = entries.has('store') && entries.get('store') !== sqlite;
  if (!entries.has('data') && !isShared) problems.push('data is missing: name the folder of the database, or ":memory:" to keep nothing.');
  for (const [name, { methods, expected }] of Object.entries(others)) {
    if (entries.has(name) && !hasMethods(entries.get(name), methods)) {
      problems.push(`${name} must be ${expected}, not ${quote(entries.get(name))}.`);
    }
  }
  const read = (key: OptionKey, { kind }: Option<unknown>): Read | undefined => {
    if (!entries.has(key) || isProgramKey(key)) return undefined;
    const value = kind.check(entries.get(key));
    return value === undefined ? { problem: `${key} must be ${kind.expectedInCode}, not ${quote(entries.get(key))}.` } : { value };
  };
  const checked = checkOptions(read, (config) => (key) => `${key} (${withoutPasswords(String(config[key]))})`);
  if ('problems' in checked || problems.length > 0)
    throw new OptionsError([...problems, ...('problems' in checked ? checked.problems : [])]);
  return checked.config;
}

function nameProblem(name: string): string | undefined {
  if (isProgramKey(name)) {
    return `${name} is for the program "parley" only: here your application's own server and log decide it. Leave it out.`;
  }
  if (Object.hasOwn(options, name) || Object.hasOwn(others, name)) return undefined;
  const outside = Object.entries<Option<unknown>>(options).find(([, option]) => option.name === name.replaceAll('-', '_'));
  const near = outside?.[0] ?? nearest(name, [...Object.keys(options), ...Object.keys(others)]);
  const advice = near === undefined ? 'The type HubOptions lists all.' : `Did you mean ${near}?`;
  return `Unknown option ${quote(name)}. ${advice}`;
}

function isProgramKey(name: string): boolean {
  return programKeys.some((key) => key === name);
}

function hasMethods(value: unknown, methods: readonly string[]): boolean {
  if (methods.length === 0) return typeof value === 'function';
  return typeof value === 'object' && value !== null && methods.every((name) => typeof Reflect.get(value, name) === 'function');
}
