/**
 * One user comes to all nodes at once with more connections than it may have, again and again: at no time may more of them be
 * registered than the limit says, and when everything is calm, exactly so many.
 *
 * A connection counts if its node answers after all have come: a node that has been taken for dead answers nothing, while its clients don't know
 * yet that they have to go.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import type { Recorder } from './recorder.ts';

export interface LimitWatchOptions {
  readonly recorder: Recorder;
  readonly ports: readonly number[];
  readonly limit: number;
}

const user = 'crowd';
/** Beyond the limit. */
const tooMany = 4;
const comeMs = 4_000;
const answerMs = 1_500;
const roundEveryMs = 2_500;
/** For the connections of the last round, and of nodes that died with some, to be forgotten. */
const calmMs = 20_000;

export class LimitWatch {
  readonly #options: LimitWatchOptions;
  #isWatching = false;
  #rounds = 0;
  #watching: Promise<void> = Promise.resolve();

  constructor(options: LimitWatchOptions) {
    this.#options = options;
  }

  get rounds(): number {
    return this.#rounds;
  }

  start(): void {
    this.#isWatching = true;
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#isWatching = false;
    await this.#watching;
  }

  /** When no fault has been for a while: as many as are allowed come in. */
  async expectAll(): Promise<void> {
    const { limit } = this.#options;
    let came = 0;
    for (const endMs = performance.now() + calmMs; came !== limit && performance.now() < endMs; ) came = await this.#round();
    if (came < limit) this.#fault(`only ${came} connections of one user were let in, of ${limit} that it may have`);
  }

  async #watch(): Promise<void> {
    while (this.#isWatching) {
      await this.#round();
      await sleep(roundEveryMs);
    }
  }

  /** Resolves with how many were registered at once. */
  async #round(): Promise<number> {
    const { ports, limit } = this.#options;
    const sockets = Array.from({ length: limit + tooMany }, (_, index) => open(ports[index % ports.length] ?? 0));
    await Promise.all(sockets.map(outcome));
    const answers = await Promise.all(sockets.filter((socket) => socket.connected).map(isAnswered));
    for (const socket of sockets) socket.disconnect();
    const registered = answers.filter(Boolean).length;
    this.#rounds += 1;
    if (registered > limit) this.#fault(`${registered} connections of one user were registered at once, of ${limit} that it may have`);
    return registered;
  }

  #fault(problem: string): void {
    this.#options.recorder.fault({ check: 'connection limit', problem });
  }
}

function open(port: number): Socket {
  return io(`http://127.0.0.1:${port}`, {
    ...{ transports: ['websocket'], forceNew: true, reconnection: false, timeout: comeMs },
    auth: { user_id: user },
  });
}

/** Resolves when it is in, or was refused, or had time enough. */
function outcome(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const timeout = setTimeout(resolve, comeMs);
    const done = (): void => {
      clearTimeout(timeout);
      resolve();
    };
    socket.once('connect', done).once('connect_error', done).once('disconnect', done);
  });
}

async function isAnswered(socket: Socket): Promise<boolean> {
  const reply: unknown = await socket
    .timeout(answerMs)
    .emitWithAck('presence', { user_ids: [user] })
    .catch(() => undefined);
  return typeof reply === 'object' && reply !== null && 'status' in reply && reply.status === 'success';
}
