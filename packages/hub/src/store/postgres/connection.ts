/** Connections to PostgreSQL, by the driver `pg`, which is known here only. */
import pg from 'pg';
import type { Clock } from '../../lib/clock.ts';
import { connectionStringOf, type Target } from './target.ts';

export interface Statement {
  /** Prepared once for each connection. Two texts never share a name. */
  readonly name?: string;
  readonly text: string;
  /** A `Buffer` is a parameter in binary form; see `arrays.ts`. */
  readonly values: readonly unknown[];
}

/** Runs one statement after the other. Numbers of 64 bits arrive as numbers. */
export interface Sql {
  query<R>(statement: Statement): Promise<readonly R[]>;
}

export interface Connection extends Sql {
  /** The server's process behind it. */
  readonly processId: number;
  /** False: it was cut, and no statement can be run any more. */
  readonly isUp: boolean;
  /** Cuts it. What is under way is rejected. */
  cut(): void;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** As the server's list of connections shows it. */
  readonly name: string;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  /** An answer that takes longer is a connection that is lost. */
  readonly answerTimeoutMs: number;
  readonly onLost?: (() => void) | undefined;
}

/**
 * A node that stands still in the middle of a transaction holds locks that all others may need, until it is taken for dead. So the server ends
 * such a transaction much earlier: its node connects anew and repeats it. Between two statements of a node that runs it takes a millisecond.
 */
const idleTransactionMaxMs = 1_500;

/**
 * A plan that is made while a table is small, and kept, is slow once it is large: there is an index for every statement. So any plan that
 * uses them is as good as the next, and making one anew for each batch took longer than the batch: it is made once. Without
 * `synchronous_commit` a commit that was answered could be lost. A transaction whose client is gone must not hold its locks.
 */
const settings = `
  SET synchronous_commit = on; SET default_transaction_isolation = 'read committed'; SET standard_conforming_strings = on;
  SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off; SET jit = off;
  SET plan_cache_mode = force_generic_plan; SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = ${idleTransactionMaxMs}; SET client_min_messages = warning`;

const oids = { int8: 20, numeric: 1700, int8Array: 1016 };
const toNumbers = (text: string): number[] => (text === '{}' ? [] : text.slice(1, -1).split(',').map(Number));
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === oids.int8 || oid === oids.numeric) return Number;
    if (oid === oids.int8Array) return toNumbers;
    return pg.types.getTypeParser(oid, format);
  },
};

const ignore = (): void => {};

export async function connect(target: Target, options: ConnectOptions): Promise<Connection> {
  const client = new pg.Client({
    connectionString: await connectionStringOf(target),
    application_name: options.name,
    keepAlive: true,
    connectionTimeoutMillis: options.connectTimeoutMs,
    types: types as pg.CustomTypesConfig,
  });
  let isUp = true;
  const lose = (): void => {
    if (!isUp) return;
    isUp = false;
    options.onLost?.();
  };
  // Without a listener an error would end the process.
  client.on('error', lose);
  client.on('end', lose);
  const cut = (): void => void client.connection.stream.destroy();
  const runOne = async <R>({ name, text, values }: Statement): Promise<readonly R[]> => {
    const inTime = options.clock.after(options.answerTimeoutMs, cut);
    try {
      const result = await client.query({ ...(name !== undefined && { name }), text, values: [...values] });
      return result.rows as readonly R[];
    } finally {
      inTime();
    }
  };
  // The driver has one statement under way at a time.
  let last: Promise<unknown> = Promise.resolve();
  const query = <R>(statement: Statement): Promise<readonly R[]> => {
    const result = last.then(() => runOne<R>(statement));
    last = result.then(ignore, ignore);
    return result;
  };
  try {
    await client.connect();
    await query({ text: settings, values: [] });
    const [row] = await query<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid', values: [] });
    return {
      query,
      processId: row?.pid ?? 0,
      get isUp() {
        return isUp;
      },
      cut,
      close: () => (isUp ? client.end() : Promise.resolve()),
    };
  } catch (error) {
    isUp = false;
    cut();
    throw error;
  }
}

/** The SQLSTATE of an error that the server told; undefined for one of the connection. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}
