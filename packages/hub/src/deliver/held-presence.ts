/**
 * The latest presence of each user that one connection gets once its outbox has drained.
 *
 * A connection may watch thousands of users, so what is held is bounded too. Above the bound all of it is dropped, and the client
 * gets an error that tells it to ask again.
 */
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';

export class HeldPresence {
  readonly #charactersMax: number;
  readonly #latest = new Map<string, OutgoingPacket>();
  #characters = 0;
  #isIncomplete = false;

  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  /** Something was dropped. */
  get isIncomplete(): boolean {
    return this.#isIncomplete;
  }

  /** Takes the place of what was held for the user. */
  hold(userId: string, packet: OutgoingPacket): void {
    this.forget(userId);
    if (this.#isIncomplete) return;
    this.#latest.set(userId, packet);
    this.#characters += packet.text.length;
    if (this.#characters <= this.#charactersMax) return;
    this.#isIncomplete = true;
    this.#latest.clear();
  }

  /** The user's presence was sent, so an older one must not follow. */
  forget(userId: string): void {
    this.#characters -= this.#latest.get(userId)?.text.length ?? 0;
    this.#latest.delete(userId);
  }

  /** In the order in which they came. */
  packets(): Iterable<OutgoingPacket> {
    return this.#latest.values();
  }
}
