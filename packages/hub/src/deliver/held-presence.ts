/**
 * The latest presence of each user that one connection is to hear of when its outbox has drained.
 */
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';

export class HeldPresence {
  readonly #latest = new Map<string, OutgoingPacket>();

  /** Takes the place of what was held for the user. */
  hold(userId: string, packet: OutgoingPacket): void {
    // Behind what came before, so that all of it goes out in the order in which it came.
    this.#latest.delete(userId);
    this.#latest.set(userId, packet);
  }

  /** The user's presence was sent, so what is older is not to follow. */
  forget(userId: string): void {
    this.#latest.delete(userId);
  }

  packets(): Iterable<OutgoingPacket> {
    return this.#latest.values();
  }
}
