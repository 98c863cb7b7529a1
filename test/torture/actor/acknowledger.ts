/** Acknowledges what a device has received, a little later and several at a time, as an application would. */
import type { Seeded } from '../seeded.ts';

export interface AcknowledgerPorts {
  readonly random: Seeded;
  /** Sends `ack`. */
  readonly send: (stream: number, seq: number, onReply: (isDone: boolean) => void) => void;
  readonly onAcknowledged: (stream: number, seq: number) => void;
  readonly delayMs: { readonly min: number; readonly max: number };
}

export class Acknowledger {
  readonly #ports: AcknowledgerPorts;
  /** By stream, what is to be acknowledged next. */
  readonly #waiting = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #unanswered = 0;

  constructor(ports: AcknowledgerPorts) {
    this.#ports = ports;
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#unanswered === 0;
  }

  received(stream: number, seq: number): void {
    this.#waiting.set(stream, seq);
    const { random, delayMs } = this.#ports;
    this.#timer ??= setTimeout(() => this.#send(), random.between(delayMs.min, delayMs.max));
  }

  /** The connection is over: what was not acknowledged comes again. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
    this.#unanswered = 0;
  }

  #send(): void {
    this.#timer = undefined;
    const due = [...this.#waiting];
    this.#waiting.clear();
    for (const [stream, seq] of due) {
      this.#unanswered += 1;
      this.#ports.send(stream, seq, (isDone) => {
        this.#unanswered -= 1;
        if (isDone) this.#ports.onAcknowledged(stream, seq);
      });
    }
  }
}
