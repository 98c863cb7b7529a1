/** Reads beside the lanes, over a few connections. They may be repeated, so a cut is only a pause for them. */
import { HubError } from '@parley/protocol';
import type { Clock } from '../../lib/clock.ts';
import type { Sql, Statement } from './connection.ts';
import { isLost, isUndone, type Link, pause } from './link.ts';

export interface ReadsOptions {
  readonly links: readonly Link[];
  readonly clock: Clock;
  /** A read that has no answer by then is refused with `overloaded`. */
  readonly patienceMs: number;
}

const waitingMax = 10_000;
const againPauseMs = 20;

export function createReads({ links, clock, patienceMs }: ReadsOptions): Sql {
  const idle = [...links];
  const waiting: ((link: Link) => void)[] = [];
  const take = (): Promise<Link> => {
    const link = idle.pop();
    return link !== undefined ? Promise.resolve(link) : new Promise((resolve) => waiting.push(resolve));
  };
  const give = (link: Link): void => {
    const next = waiting.shift();
    if (next === undefined) idle.push(link);
    else next(link);
  };
  const overloaded = (): HubError => new HubError('overloaded', { retryAfterS: 1, cause: new Error('PostgreSQL does not answer') });

  const run = async <R>(statement: Statement, untilMs: number): Promise<readonly R[]> => {
    const link = await take();
    try {
      for (;;) {
        if (clock.monotonic() >= untilMs) throw overloaded();
        try {
          const sql = await within(clock, untilMs, link.connection(), overloaded);
          return await sql.query<R>(statement);
        } catch (error) {
          if (!isLost(error) && !isUndone(error)) throw error;
          if (isLost(error)) link.cut();
          await pause(clock, againPauseMs);
        }
      }
    } finally {
      give(link);
    }
  };
  return {
    query(statement) {
      if (waiting.length >= waitingMax) return Promise.reject(overloaded());
      return run(statement, clock.monotonic() + patienceMs);
    },
  };
}

/** Rejects when it takes too long. */
export async function within<T>(clock: Clock, untilMs: number, promise: Promise<T>, error: () => Error): Promise<T> {
  const late = Promise.withResolvers<never>();
  const inTime = clock.after(Math.max(0, untilMs - clock.monotonic()), () => late.reject(error()));
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    inTime();
  }
}
