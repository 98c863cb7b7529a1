import type { Duplex } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import { Deadlines } from '../lib/deadlines.ts';
import { ignoreErrors } from './respond.ts';

/** Connects sockets in pairs: what comes from one goes to the other, no faster than that takes it, and they end together. */
export class SocketPipes {
  readonly #closing: Deadlines<Duplex>;

  /** `closeTimeoutMs`: for a socket to take the last bytes of the other one. */
  constructor(clock: Clock, closeTimeoutMs: number) {
    this.#closing = new Deadlines(clock, closeTimeoutMs, (socket) => socket.destroy());
  }

  /** With what was read from each already. */
  join(a: Duplex, headOfA: Buffer, b: Duplex, headOfB: Buffer): void {
    this.#connect(a, headOfA, b);
    this.#connect(b, headOfB, a);
  }

  #connect(from: Duplex, head: Buffer, to: Duplex): void {
    ignoreErrors(from);
    if (head.length > 0) to.write(head);
    from.pipe(to);
    from.on('close', () => {
      this.#closing.stop(from);
      this.#end(to);
    });
  }

  #end(socket: Duplex): void {
    // Without an end before it, the close was a break.
    if (!socket.writableEnded || socket.writableFinished) {
      socket.destroy();
      return;
    }
    if (socket.destroyed) return;
    socket.once('finish', () => socket.destroy());
    this.#closing.start(socket);
  }
}
