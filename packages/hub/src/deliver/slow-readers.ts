import type { Clock } from '../lib/clock.ts';
import type { Connection } from '../ports/connection.ts';
import type { Session } from '../ports/session.ts';

export interface SlowReaderPorts {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly close: (connection: Connection) => void;
}

/** Closes connections whose clients no longer read. They come back by themselves, and go on from their cursors. */
export class SlowReaders {
  readonly #ports: SlowReaderPorts;
  #closed = 0;

  constructor(ports: SlowReaderPorts) {
    this.#ports = ports;
  }

  /** Connections that it has closed, since the start. */
  get closed(): number {
    return this.#closed;
  }

  /** Called from time to time. */
  closeStalled(sessions: Iterable<Session>): void {
    const { clock, deadlineMs, close } = this.#ports;
    const nowMs = clock.monotonic();
    for (const { connection } of sessions) {
      if (nowMs - (connection.stalledSinceMs ?? nowMs) < deadlineMs) continue;
      this.#closed += 1;
      close(connection);
    }
  }
}
