/** A connection that comes back: a restart of the server, or a cut, is a pause. */
import { HubError } from '@parley/protocol';
import type { Clock } from '../../lib/clock.ts';
import { type Connection, connect, sqlState } from './connection.ts';
import type { Target } from './target.ts';

export interface LinkOptions {
  readonly target: Target;
  readonly clock: Clock;
  /** As the server's list of connections shows it; asked for at each connection. */
  readonly name: () => string;
  /** Run on each new connection before it is used. */
  readonly prepare?: ((connection: Connection) => Promise<void>) | undefined;
  /** An answer that takes longer is a connection that is lost. */
  readonly answerTimeoutMs: number;
  /** Why it could not be connected; each time, and once when it is connected again. */
  readonly onState?: ((problem: unknown) => void) | undefined;
}

const connectTimeoutMs = 5_000;
const pauseMinMs = 50;
const pauseMaxMs = 1_000;

export class Link {
  readonly #options: LinkOptions;
  #connection: Promise<Connection> | undefined;
  #current: Connection | undefined;
  #ending = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** A connection that is up, once there is one. Rejects only after `end`, with `shutting_down`. */
  connection(): Promise<Connection> {
    if (this.#current?.isUp === false) this.#connection = undefined;
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  /** Whatever is under way is rejected, and the next `connection` is a new one. */
  cut(): void {
    this.#current?.cut();
    this.#current = undefined;
    this.#connection = undefined;
  }

  async end(): Promise<void> {
    this.#ending = true;
    // One that is not up has nothing to end, and waits for a server that may never come back.
    await this.#current?.close().catch(() => {});
  }

  async #connect(): Promise<Connection> {
    for (let pauseMs = pauseMinMs; ; pauseMs = Math.min(pauseMaxMs, pauseMs * 2)) {
      try {
        const connection = await this.#connectOnce();
        this.#current = connection;
        if (this.#ending) await connection.close().catch(() => {});
        else this.#options.onState?.(undefined);
        if (!this.#ending) return connection;
      } catch (error) {
        this.#options.onState?.(error);
      }
      if (this.#ending) throw new HubError('shutting_down');
      await pause(this.#options.clock, pauseMs);
    }
  }

  async #connectOnce(): Promise<Connection> {
    const { target, clock, name, answerTimeoutMs, prepare } = this.#options;
    const connection = await connect(target, { name: name(), clock, connectTimeoutMs, answerTimeoutMs });
    try {
      await refuseStandby(connection);
      await prepare?.(connection);
      return connection;
    } catch (error) {
      connection.cut();
      throw error;
    }
  }
}

/** After a failover the address may lead to the server that was the primary. */
async function refuseStandby(connection: Connection): Promise<void> {
  const [row] = await connection.query<{ standby: boolean }>({ text: 'SELECT pg_is_in_recovery() AS standby', values: [] });
  if (row?.standby !== false) throw new Error('the server is a standby');
}

export const pause = (clock: Clock, delayMs: number): Promise<void> => new Promise((resolve) => void clock.after(delayMs, resolve));

/** Shut down, crashed, starting, out of connections, or became a standby: what was asked may be asked again. */
const lostStates = /^(08...|57P0.|53300|25006)$/;
/** Waited for in a circle, or cancelled by an operator: nothing was committed. */
const undoneStates = /^(40001|40P01|55P03|57014|25P0[23])$/;

/** The connection is of no use any more, and it is unknown what was committed. */
export function isLost(error: unknown): boolean {
  const state = sqlState(error);
  return state === undefined ? isOfConnection(error) : lostStates.test(state);
}

export function isUndone(error: unknown): boolean {
  return undoneStates.test(sqlState(error) ?? '');
}

/** Errors of our own code are errors too, but those have not cut a connection. */
function isOfConnection(error: unknown): boolean {
  return error instanceof Error && ('syscall' in error || /connection|terminated|timeout|queryable/i.test(error.message));
}
