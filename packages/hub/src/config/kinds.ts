/**
 * How the value of an option is written outside (flags, environment, JSON) and what it is inside.
 * Durations are milliseconds and sizes bytes inside, whatever unit they were written in.
 */
import { isIP } from 'node:net';

export interface Kind<T> {
  /** Ends the sentence "It must be …", for a value in a flag, the environment or the file. */
  readonly expected: string;
  /** The same for a value in code. */
  readonly expectedInCode: string;
  /** What stands for the value in the help, such as `seconds`; undefined for a switch, which takes none. */
  readonly placeholder: string | undefined;
  /** `raw` is a string from a flag or the environment, or any JSON value from the file; undefined if it is not acceptable. */
  parse(raw: unknown): T | undefined;
  /** A value in code, as an application passes it: in the unit that the option's name says, and in no other form. */
  check(value: unknown): T | undefined;
  /** A value as `parse` would take it. */
  format(value: T): string;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

export function integer(range: Range): Kind<number> {
  const expected = `a whole number from ${range.min} to ${range.max}`;
  const check = wholeNumber(range);
  return {
    expected,
    expectedInCode: expected,
    placeholder: 'number',
    parse: (raw) => check(typeof raw === 'string' && /^\d{1,15}$/.test(raw) ? Number(raw) : raw),
    check,
    format: String,
  };
}

const durationUnitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Seconds if it has no unit. */
export function durationMs({ min, max }: Range): Kind<number> {
  const check = wholeNumber({ min, max });
  return {
    expected: `seconds, or a number with ms, s, m, h or d, from ${formatDuration(min)} to ${formatDuration(max)}`,
    expectedInCode: `a whole number of milliseconds from ${min} to ${max}`,
    placeholder: 'seconds',
    parse: (raw) => check(quantity(raw, durationUnitsMs, 's')),
    check,
    format: formatDuration,
  };
}

const sizeUnitsBytes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Bytes if it has no unit. */
export function sizeBytes({ min, max }: Range): Kind<number> {
  const check = wholeNumber({ min, max });
  return {
    expected: `bytes, or a number with KiB, MiB or GiB, from ${formatSize(min)} to ${formatSize(max)}`,
    expectedInCode: `a whole number of bytes from ${min} to ${max}`,
    placeholder: 'bytes',
    parse: (raw) => check(quantity(raw, sizeUnitsBytes, 'B')),
    check,
    format: formatSize,
  };
}

export function choice<const T extends string>(...values: readonly T[]): Kind<T> {
  const expected = values.map((value) => `"${value}"`).join(' or ');
  const find = (given: unknown) => values.find((value) => value === given);
  return {
    expected,
    expectedInCode: expected,
    placeholder: values.join('|'),
    parse: find,
    check: find,
    format: (value) => value,
  };
}

export const text: Kind<string> = {
  expected: 'a text that is not empty',
  expectedInCode: 'a string that is not empty',
  placeholder: 'text',
  parse: nonEmpty,
  check: nonEmpty,
  format: (value) => value,
};

export const onOff: Kind<boolean> = {
  expected: 'true or false',
  expectedInCode: 'true or false',
  placeholder: undefined,
  parse(raw) {
    if (raw === 'true' || raw === '1') return true;
    return raw === 'false' || raw === '0' ? false : onOff.check(raw);
  },
  check: (value) => (typeof value === 'boolean' ? value : undefined),
  format: String,
};

/** Origins of web pages: all (`*`), the hub's own and those of this machine (`local`), only its own (`false`), or exactly the named ones. */
export const origins: Kind<'*' | 'local' | false | readonly string[]> = {
  expected: '"local", "*", "false", or origins such as https://app.example.com, separated by commas',
  expectedInCode: '"local", "*", false, or an array of origins such as "https://app.example.com"',
  placeholder: 'origins',
  parse(raw) {
    if (raw === 'false') return false;
    return origins.check(typeof raw === 'string' && raw !== '*' && raw !== 'local' ? items(raw) : raw);
  },
  check(value) {
    if (value === '*' || value === 'local' || value === false) return value;
    return Array.isArray(value) && value.length > 0 && value.every(isOrigin) ? [...value] : undefined;
  },
  format: (value) => (typeof value === 'object' ? value.join(',') : String(value)),
};

/** Names or addresses under which the hub is reached, without a port. */
export const hostNames: Kind<readonly string[]> = listOf(
  'host names such as hub.example.com',
  (value) => /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$/i.test(value),
  'hosts',
);

/** Addresses and networks. */
export const addresses: Kind<readonly string[]> = listOf('addresses or networks such as 10.0.0.0/8', isNetwork, 'addresses');

/** A path below which something is served, with a slash at both ends inside. */
export const urlPath: Kind<string> = {
  expected: 'a path such as /socket.io/',
  expectedInCode: 'a path such as "/socket.io/"',
  placeholder: 'path',
  parse: (raw) => urlPath.check(raw),
  check(value) {
    if (typeof value !== 'string' || !/^\/?[\w.~-]+(?:\/[\w.~-]+)*\/?$/.test(value)) return undefined;
    const names = value.split('/').filter((name) => name !== '');
    return names.some((name) => name === '.' || name === '..') ? undefined : `/${names.join('/')}/`;
  },
  format: (value) => value,
};

/** Browsers send an origin without a path, a slash at its end or a wildcard: anything else would never match. */
function isOrigin(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, host } = new URL(value);
  return host !== '' && !host.includes('*') && value === `${protocol}//${host}`;
}

function listOf(what: string, isItem: (value: string) => boolean, placeholder: string): Kind<readonly string[]> {
  const check = (value: unknown) =>
    Array.isArray(value) && value.every((item) => typeof item === 'string' && isItem(item)) ? [...value] : undefined;
  return {
    expected: `${what}, separated by commas`,
    expectedInCode: `an array of ${what}`,
    placeholder,
    parse: (raw) => check(typeof raw === 'string' ? items(raw).filter((item) => item !== '') : raw),
    check,
    format: (value) => value.join(','),
  };
}

const items = (text: string): string[] => text.split(',').map((item) => item.trim());

function isNetwork(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/');
  const family = isIP(address);
  return family !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)));
}

function quantity<U extends string>(raw: unknown, units: Readonly<Record<U, number>>, defaultUnit: U): number | undefined {
  if (typeof raw === 'number') return raw * units[defaultUnit];
  const [, digits, unit] = (typeof raw === 'string' && /^(\d{1,15}(?:\.\d{1,3})?) ?([A-Za-z]*)$/.exec(raw)) || [];
  if (digits === undefined) return undefined;
  const named = Object.entries<number>(units).find(([name]) => name.toLowerCase() === unit?.toLowerCase());
  return Math.round(Number(digits) * (named?.[1] ?? (unit === '' ? units[defaultUnit] : Number.NaN)));
}

function wholeNumber({ min, max }: Range): (value: unknown) => number | undefined {
  return (value) => (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined);
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && !value.includes('\0') ? value : undefined;
}

function formatDuration(ms: number): string {
  if (ms % durationUnitsMs.d === 0 && ms > 0) return `${ms / durationUnitsMs.d}d`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

function formatSize(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB'] as const) {
    if (bytes > 0 && bytes % sizeUnitsBytes[unit] === 0) return `${bytes / sizeUnitsBytes[unit]}${unit}`;
  }
  return String(bytes);
}
