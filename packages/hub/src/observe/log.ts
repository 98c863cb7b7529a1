/**
 * The log on standard error: one JSON object a line for machines, or a short line for people.
 *
 * Fields can hold text that a client chose, such as a user id. Whatever it is, an entry stays on its line and nothing
 * in it is obeyed by a terminal: control and format characters (escape sequences, line breaks, text
 * direction) are written as `\u001b` and so on.
 */
import { pino } from 'pino';
import type { Log } from '../ports/log.ts';
import { escaped } from './escaped.ts';
import { prettyLine } from './pretty.ts';

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'pretty' | 'json';
  /** Of the pretty format. */
  readonly color: boolean;
  /** Called with one finished line. It must not throw. */
  readonly write: (line: string) => void;
}

export function createLog({ level, format, color, write }: LogSettings): Log {
  const toLine = format === 'json' ? jsonLine : (line: string) => prettyLine(line, color);
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
      messageKey: 'message',
    },
    { write: (line: string) => write(toLine(line)) },
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

/** JSON escapes the control characters below U+0020 only. Within a line of JSON all others are inside of strings. */
function jsonLine(line: string): string {
  return `${escaped(line.trimEnd())}\n`;
}
