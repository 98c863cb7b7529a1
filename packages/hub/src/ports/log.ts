/**
 * The log port, so that no stage knows a logging library.
 *
 * `message` is a fixed sentence for people; everything that varies goes into `fields`, with units last in the names.
 * Fields may hold text that a client chose: the adapter makes it safe to print. Never put message content or
 * credentials into a field. No method throws.
 */
export interface Log {
  /** For somebody who looks for a fault: one connection, one command. */
  debug(fields: LogFields, message: string): void;
  /** What an operator wants to see without asking: start, stop, a state that changed. */
  info(fields: LogFields, message: string): void;
  /** Something went wrong and was handled; look at it when it repeats. */
  warn(fields: LogFields, message: string): void;
  /** A failure that needs somebody. Put the cause in `error`. */
  error(fields: LogFields, message: string): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** Says nothing, for tests and for callers who want no log. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
