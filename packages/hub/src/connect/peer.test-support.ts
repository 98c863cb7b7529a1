/** Events and replies over a `Connection`, with names and arguments instead of packets. The hub builds its packets itself, to share them. */
import { type EncodedPacket, encodeAck, encodeEvent } from '@parley/protocol';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Connection } from '../ports/connection.ts';

/** The client on the other side of a connection. */
export class Peer {
  readonly #connection: Connection;
  readonly #namespace: string;

  constructor(connection: Connection, namespace: string) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  /** Typed arrays among the arguments travel as binary. */
  emit(name: string, ...args: readonly unknown[]): void {
    this.#send(encodeEvent(this.#namespace, [name, ...args]));
  }

  /** Answers an event that came with `ackId`. */
  reply(ackId: number, ...args: readonly unknown[]): void {
    this.#send(encodeAck(this.#namespace, ackId, args));
  }

  #send({ text, attachments }: EncodedPacket): void {
    this.#connection.send(new OutgoingPacket(text, attachments));
  }
}
