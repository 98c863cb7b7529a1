/**
 * One entry of the log as a person reads it while the hub runs in a terminal:
 *
 *     12:03:04 info   user registered  user_id=alice connections=2
 *
 * An error's stack follows on lines of its own, indented.
 */
import { escaped } from './escaped.ts';

const colors: Readonly<Record<string, string>> = { debug: '90', info: '32', warn: '33', error: '31' };

/** `json` is one finished entry with `time`, `level` and `message`. */
export function prettyLine(json: string, color: boolean): string {
  const { time, level, message, error, ...fields }: Record<string, unknown> = JSON.parse(json);
  const paint = (code: string, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const details = Object.entries(fields).map(([key, value]) => `${escaped(key)}=${fieldText(value)}`);
  const words = [
    paint('90', new Date(String(time)).toTimeString().slice(0, 8)),
    paint(colors[String(level)] ?? '0', String(level).padEnd(5)),
    ` ${escaped(String(message))}`,
    ...(details.length > 0 ? [paint('90', ` ${details.join(' ')}`)] : []),
  ];
  return `${words.join(' ')}\n${errorText(error)}`;
}

/** Plain words as they are, everything else as JSON, so that spaces and quotes in a value can't pass for other fields. */
function fieldText(value: unknown): string {
  return typeof value === 'string' && /^[\w.:@/+-]+$/.test(value) ? value : escaped(JSON.stringify(value));
}

function errorText(error: unknown): string {
  if (error === undefined) return '';
  const stack = typeof error === 'object' && error !== null && 'stack' in error ? error.stack : error;
  const lines = typeof stack === 'string' ? stack.split('\n') : [fieldText(stack)];
  return `${lines.map((line) => `    ${escaped(line)}`).join('\n')}\n`;
}
