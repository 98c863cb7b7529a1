/**
 * Where options are given: flags, environment variables, a JSON file. Each is read into the same form, a list of
 * values that were given, with values still raw; a name that no option has becomes a problem.
 */
import { flagOf, nearest, variableOf } from './names.ts';
import type { Option } from './options.ts';

/** A value as somebody gave it. */
export interface Given {
  readonly name: string;
  readonly raw: unknown;
  /** For messages: `--port`, `PARLEY_PORT`, `parley.json`. */
  readonly from: string;
}

export interface Reading {
  readonly given: readonly Given[];
  readonly problems: readonly string[];
}

/** What is asked for instead of a start. */
export interface Flags extends Reading {
  readonly wantsHelp: boolean;
  readonly wantsVersion: boolean;
}

type Names = readonly Pick<Option<unknown>, 'name' | 'kind'>[];

export function readFlags(argv: readonly string[], options: Names): Flags {
  const given: Given[] = [];
  const problems: string[] = [];
  const rest = [...argv];
  let wantsHelp = false;
  let wantsVersion = false;
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === '--help' || argument === '-h') wantsHelp = true;
    else if (argument === '--version' || argument === '-v') wantsVersion = true;
    else {
      const flag = readFlag(argument, rest, options);
      if (typeof flag === 'string') problems.push(flag);
      else given.push(flag);
    }
  }
  return { given, problems, wantsHelp, wantsVersion };
}

/** `--name value`, `--name=value`, and for a switch `--name` and `--no-name`. Takes the value from `rest`. */
function readFlag(argument: string, rest: string[], options: Names): Given | string {
  if (!argument.startsWith('--')) return `Unexpected argument ${quote(argument)}: options begin with "--".`;
  const [flag = '', ...parts] = argument.split('=');
  const from = flag;
  const name = flag.slice(2).replaceAll('-', '_');
  const option = options.find((candidate) => candidate.name === name);
  const inline = parts.length > 0 ? parts.join('=') : undefined;
  if (option === undefined) {
    const negated = options.find((candidate) => isSwitch(candidate) && `no_${candidate.name}` === name);
    if (negated !== undefined && inline === undefined) return { name: negated.name, raw: false, from };
    if (inline === undefined) takeValue(rest);
    return unknown('option', flag, [...options.map((candidate) => flagOf(candidate.name)), '--help', '--version']);
  }
  if (inline !== undefined) return { name, raw: inline, from };
  if (isSwitch(option)) return { name, raw: true, from };
  const next = takeValue(rest);
  return next === undefined ? `${flag} needs a value: it must be ${option.kind.expected}.` : { name, raw: next, from };
}

function takeValue(rest: string[]): string | undefined {
  return rest[0]?.startsWith('--') ? undefined : rest.shift();
}

function isSwitch(option: Names[number]): boolean {
  return option.kind.placeholder === undefined;
}

export function readEnvironment(env: Readonly<Record<string, string | undefined>>, options: Names): Reading {
  const given: Given[] = [];
  const problems: string[] = [];
  const variables = options.map(({ name }) => variableOf(name));
  for (const [variable, raw] of Object.entries(env)) {
    if (!variable.startsWith('PARLEY_') || raw === undefined || isServiceLink(variable, raw)) continue;
    const option = options.find(({ name }) => variableOf(name) === variable);
    if (option === undefined) problems.push(unknown('variable', variable, variables));
    else given.push({ name: option.name, raw, from: variable });
  }
  return { given, problems };
}

/**
 * Kubernetes gives every container variables about its services. For a service named `parley` they are
 * PARLEY_PORT=tcp://10.0.0.1:5000, PARLEY_SERVICE_HOST and so on, which nobody meant for the hub.
 */
function isServiceLink(variable: string, raw: string): boolean {
  return /^PARLEY_(SERVICE_(HOST|PORT)|PORT_\d+_(TCP|UDP))/.test(variable) || (variable === 'PARLEY_PORT' && /^(tcp|udp):\/\//.test(raw));
}

/** Nested objects and dotted keys both name an option: `{"ping": {"interval": 25}}`, `{"ping.interval": 25}`. */
export function readJson(path: string, json: string, options: Names): Reading {
  const root = parseJson(json);
  if (!('value' in root)) return { given: [], problems: [`The config file ${quote(path)} is not valid JSON: ${root.problem}.`] };
  if (!isObject(root.value)) return { given: [], problems: [`The config file ${quote(path)} must contain a JSON object.`] };
  const given: Given[] = [];
  const problems: string[] = [];
  const names = options.map(({ name }) => name);
  const prefixes = new Set(names.flatMap((name) => name.split('.').slice(0, -1)));
  const visit = (prefix: string, node: Readonly<Record<string, unknown>>): void => {
    for (const [key, raw] of Object.entries(node)) {
      const name = `${prefix}${key.replaceAll('-', '_')}`;
      if (names.includes(name)) given.push({ name, raw, from: path });
      else if (isObject(raw) && prefixes.has(name)) visit(`${name}.`, raw);
      else problems.push(`${unknown('option', name, [...names, ...prefixes])} It is in ${quote(path)}.`);
    }
  };
  visit('', root.value);
  return { given, problems };
}

function parseJson(json: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    const value: unknown = JSON.parse(json);
    return { value };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknown(what: string, given: string, names: readonly string[]): string {
  const near = nearest(given, names);
  return `Unknown ${what} ${printable(given)}.${near === undefined ? ' See --help for all.' : ` Did you mean ${near}?`}`;
}

/** A text of somebody else in quotes, without anything that a terminal would obey. */
export function quote(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return printable(json.length > 100 ? `${json.slice(0, 100)}…` : json);
}

function printable(value: string): string {
  return value.replace(/\p{Cc}|\p{Cf}/gu, '?');
}
