/** The JSON file that `--config` names. */
import type { Option } from './options.ts';
import { type Given, printable, quote, type Reading, unknown } from './sources.ts';

type Names = readonly Pick<Option<unknown>, 'name'>[];

/** Nested objects and dotted keys both name an option: `{"ping": {"interval": 25}}`, `{"ping.interval": 25}`. */
export function readJson(path: string, content: string, options: Names): Reading {
  const root = parseJson(content);
  if ('problem' in root) return { given: [], problems: [`The config file ${quote(path)} ${root.problem}`] };
  const given: Given[] = [];
  const problems = root.repeated.map((key) => `The key ${quote(key)} stands twice in one object of ${quote(path)}. Remove one of them.`);
  const names = options.map(({ name }) => name);
  const groups = new Set(names.flatMap((name) => name.split('.').slice(0, -1)));
  const visit = (prefix: string, node: Readonly<Record<string, unknown>>): void => {
    for (const [key, raw] of Object.entries(node)) {
      const name = `${prefix}${key.replaceAll('-', '_')}`;
      if (given.some((earlier) => earlier.name === name)) {
        problems.push(`${name} is given twice in ${quote(path)}. Remove one of them.`);
      } else if (isObject(raw) && groups.has(name)) visit(`${name}.`, raw);
      else if (names.includes(name)) given.push({ name, raw, from: path });
      else if (!groups.has(name)) problems.push(`${unknown('option', name, [...names, ...groups])} It is in ${quote(path)}.`);
      else problems.push(groupProblem(name, raw, names, path));
    }
  };
  visit('', root.value);
  return { given, problems };
}

function groupProblem(group: string, raw: unknown, names: readonly string[], path: string): string {
  const [first = ''] = names.filter((name) => name.startsWith(`${group}.`));
  return (
    `${group} is a group of options and needs an object such as {"${group}": {"${first.slice(group.length + 1)}": …}}, ` +
    `or the dotted name "${first}", not ${quote(raw)}. It is in ${quote(path)}.`
  );
}

interface Root {
  readonly value: Readonly<Record<string, unknown>>;
  /** Keys that an object has twice, of which JSON takes the last without a word. */
  readonly repeated: readonly string[];
}

/** `problem` ends a sentence that begins with the file. */
function parseJson(content: string): Root | { readonly problem: string } {
  // Editors of Windows mark a file as UTF-8 with a character that is no JSON.
  const json = content.replace(/^\uFEFF/, '');
  if (/^(\uFFFD|\0|.\0)/.test(json)) return { problem: 'is not text in UTF-8. Save it with that encoding.' };
  if (json.trim() === '') return { problem: 'is empty. Write options into it, such as {"port": 5000}, or at least {}.' };
  try {
    const value: unknown = JSON.parse(json);
    if (isObject(value)) return { value, repeated: repeatedKeys(json) };
    return { problem: `must contain a JSON object such as {"port": 5000}, not ${quote(value)}.` };
  } catch (error) {
    return { problem: `is not valid JSON: ${printable(error instanceof Error ? error.message : String(error))}.` };
  }
}

/** `json` is known to be valid. */
function repeatedKeys(json: string): string[] {
  const open: Set<string>[] = [];
  const repeated: string[] = [];
  for (const [token, text, colon] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*(:)?|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (text !== undefined && colon !== undefined) {
      const key = String(JSON.parse(text));
      if (open.at(-1)?.has(key)) repeated.push(key);
      open.at(-1)?.add(key);
    }
  }
  return repeated;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
