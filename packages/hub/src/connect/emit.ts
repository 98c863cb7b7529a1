/**
 * Events and acknowledgements over a `Connection`, with names and arguments instead of packets: what an
 * application on the bare protocol server needs. The hub builds its packets itself, to share them.
 */

import type { EncodedPacket } from '@parley/protocol';
import { encodeAck, encodeEvent } from '@parley/protocol';
import type { Cancel, Clock } from '../lib/clock.ts';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Connection } from '../ports/connection.ts';

interface Waiting {
  readonly resolve: (args: unknown[]) => void;
  readonly reject: (error: Error) => void;
  readonly cancelTimeout: Cancel;
}

/** The peer on the other side of a connection. Its `onAck` and `onClose` have to be called by the connection's handlers. */
export class Peer {
  readonly #connection: Connection;
  readonly #namespace: string;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #lastAckId = 0;

  constructor(connection: Connection, namespace: string, clock: Clock) {
    this.#connection = connection;
    this.#namespace = namespace;
    this.#clock = clock;
  }

  /** Typed arrays among the arguments travel as binary. Throws `RangeError` for arguments that are nested too deeply. */
  emit(name: string, ...args: readonly unknown[]): void {
    this.#send(encodeEvent(this.#namespace, [name, ...args]));
  }

  /** Answers an event that came with `ackId`. */
  reply(ackId: number, ...args: readonly unknown[]): void {
    this.#send(encodeAck(this.#namespace, ackId, args));
  }

  /** The arguments of the client's acknowledgement. Rejects after `timeoutMs`, or when the connection closes. */
  emitWithAck(name: string, args: readonly unknown[], { timeoutMs }: { readonly timeoutMs: number }): Promise<unknown[]> {
    const ackId = ++this.#lastAckId;
    const packet = encodeEvent(this.#namespace, [name, ...args], ackId);
    return new Promise((resolve, reject) => {
      const cancelTimeout = this.#clock.after(timeoutMs, () => {
        this.#waiting.delete(ackId);
        reject(new Error(`The client did not acknowledge "${name}" within ${timeoutMs} ms.`));
      });
      this.#waiting.set(ackId, { resolve, reject, cancelTimeout });
      this.#send(packet);
    });
  }

  /** An acknowledgement that nobody waits for, or waits for any more, is ignored. */
  onAck(ackId: number, args: readonly unknown[]): void {
    const waiting = this.#waiting.get(ackId);
    if (waiting === undefined) return;
    this.#waiting.delete(ackId);
    waiting.cancelTimeout();
    waiting.resolve([...args]);
  }

  onClose(): void {
    for (const { cancelTimeout, reject } of this.#waiting.values()) {
      cancelTimeout();
      reject(new Error('The connection closed before the client acknowledged.'));
    }
    this.#waiting.clear();
  }

  #send({ text, attachments }: EncodedPacket): void {
    this.#connection.send(new OutgoingPacket(text, attachments));
  }
}
