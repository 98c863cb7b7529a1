/**
 * How the value of an option is written outside (flags, environment, JSON) and what it is inside.
 * Durations are milliseconds and sizes bytes inside, whatever unit they were written in.
 */
export interface Kind<T> {
  /** Ends the sentence "It must be …". */
  readonly expected: string;
  /** What stands for the value in the help, such as `seconds`; undefined for a switch, which takes none. */
  readonly placeholder: string | undefined;
  /** `raw` is a string from a flag or the environment, or any JSON value from the file; undefined if it is not acceptable. */
  parse(raw: unknown): T | undefined;
  /** A value as `parse` would take it. */
  format(value: T): string;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

export function integer({ min, max }: Range): Kind<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    placeholder: 'number',
    parse(raw) {
      const value = typeof raw === 'string' && /^\d{1,15}$/.test(raw) ? Number(raw) : raw;
      return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
    },
    format: String,
  };
}

const durationUnitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Seconds if it has no unit. */
export function durationMs({ min, max }: Range): Kind<number> {
  return {
    expected: `seconds, or a number with ms, s, m, h or d, from ${formatDuration(min)} to ${formatDuration(max)}`,
    placeholder: 'seconds',
    parse: (raw) => inRange(quantity(raw, durationUnitsMs, 's'), { min, max }),
    format: formatDuration,
  };
}

const sizeUnitsBytes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Bytes if it has no unit. */
export function sizeBytes({ min, max }: Range): Kind<number> {
  return {
    expected: `bytes, or a number with KiB, MiB or GiB, from ${formatSize(min)} to ${formatSize(max)}`,
    placeholder: 'bytes',
    parse: (raw) => inRange(quantity(raw, sizeUnitsBytes, 'B'), { min, max }),
    format: formatSize,
  };
}

export function choice<const T extends string>(...values: readonly T[]): Kind<T> {
  return {
    expected: values.map((value) => `"${value}"`).join(' or '),
    placeholder: values.join('|'),
    parse: (raw) => values.find((value) => value === raw),
    format: (value) => value,
  };
}

export const text: Kind<string> = {
  expected: 'a text that is not empty',
  placeholder: 'text',
  parse: (raw) => (typeof raw === 'string' && raw !== '' && !raw.includes('\0') ? raw : undefined),
  format: (value) => value,
};

export const onOff: Kind<boolean> = {
  expected: 'true or false',
  placeholder: undefined,
  parse(raw) {
    if (typeof raw === 'boolean') return raw;
    return raw === 'true' || raw === '1' ? true : raw === 'false' || raw === '0' ? false : undefined;
  },
  format: String,
};

/** Origins of web pages: all (`*`), none (`false`), or exactly the named ones. */
export const origins: Kind<'*' | false | readonly string[]> = {
  expected: '"*", "false", or origins such as https://app.example.com, separated by commas',
  placeholder: 'origins',
  parse(raw) {
    if (raw === '*') return raw;
    if (raw === false || raw === 'false') return false;
    const list: unknown = typeof raw === 'string' ? raw.split(',').map((origin) => origin.trim()) : raw;
    return Array.isArray(list) && list.length > 0 && list.every(isOrigin) ? list : undefined;
  },
  format: (value) => (typeof value === 'object' ? value.join(',') : String(value)),
};

/** Browsers send an origin without a path, a slash at its end or a wildcard: anything else would never match. */
function isOrigin(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, host } = new URL(value);
  return host !== '' && !host.includes('*') && value === `${protocol}//${host}`;
}

function quantity<U extends string>(raw: unknown, units: Readonly<Record<U, number>>, defaultUnit: U): number | undefined {
  if (typeof raw === 'number') return raw * units[defaultUnit];
  const [, digits, unit] = (typeof raw === 'string' && /^(\d{1,15}(?:\.\d{1,3})?) ?([A-Za-z]*)$/.exec(raw)) || [];
  if (digits === undefined) return undefined;
  const named = Object.entries<number>(units).find(([name]) => name.toLowerCase() === unit?.toLowerCase());
  return Math.round(Number(digits) * (named?.[1] ?? (unit === '' ? units[defaultUnit] : Number.NaN)));
}

function inRange(value: number | undefined, { min, max }: Range): number | undefined {
  return value !== undefined && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
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
