/**
 * Where options are given: flags and environment variables; the JSON file is in config-file.ts. Each is read into the same
 * form, a list of values that were given, with values still raw; a name that no option has becomes a problem.
 */
import { flagOf, nearest, variableOf } from './names.ts';
import type { Option } from './options.ts';
import { withoutPasswords } from './servers.ts';

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

export interface Environment extends Reading {
  /** Names of variables that Kubernetes made. */
  readonly ignored: readonly string[];
}

export function readEnvironment(env: Readonly<Record<string, string | undefined>>, options: Names): Environment {
  const given: Given[] = [];
  const problems: string[] = [];
  const ignored: string[] = [];
  const variables = options.map(({ name }) => variableOf(name));
  for (const [variable, raw] of Object.entries(env)) {
    if (!variable.startsWith('PARLEY_') || raw === undefined) continue;
    const option = options.find(({ name }) => variableOf(name) === variable);
    if (isServiceLink(variable, raw)) ignored.push(variable);
    else if (option !== undefined) given.push({ name: option.name, raw, from: variable });
    else problems.push(unknown('variable', variable, variables));
  }
  return { given, problems, ignored };
}

/**
 * Kubernetes, and Docker with links, give every container variables about the services beside it. For one that is named
 * `parley`, or `parley-web`, they are PARLEY_WEB_SERVICE_HOST, PARLEY_WEB_PORT=tcp://10.0.0.1:5000, PARLEY_WEB_PORT_5000_TCP_ADDR
 * and so on, which nobody meant for the hub.
 */
function isServiceLink(variable: string, raw: string): boolean {
  if (/^PARLEY(_\w+)?_PORT$/.test(variable) && /^(tcp|udp|sctp):\/\//i.test(raw)) return true;
  return /^PARLEY(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/.test(variable);
}

/** What is said about a name that no option has: it may be the beginning of others, or misspelt. */
export function unknown(what: string, given: string, names: readonly string[]): string {
  const longer = names.filter((name) => name.startsWith(given) && /[._-]/.test(name.charAt(given.length)));
  const near = longer.length > 0 ? longer.join(' or ') : nearest(given, names);
  return `Unknown ${what} ${printable(given)}.${near === undefined ? ' See --help for all.' : ` Did you mean ${near}?`}`;
}

/** A value of somebody else as it could stand in code, without anything that a terminal would obey, or that is a secret. */
export function quote(value: unknown): string {
  const shown = withoutPasswords(textOf(value));
  return printable(shown.length > 100 ? `${shown.slice(0, 100)}…` : shown);
}

function textOf(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' && typeof value !== 'string') return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return 'an object';
  }
}

export function printable(value: string): string {
  return value.replace(/\p{Cc}|\p{Cf}/gu, '?');
}
