import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { PresenceView } from '../ports/presence.ts';
import { inboxOf, timelineOf } from '../ports/store.ts';
import type { Watches } from './watches.ts';

export interface PresenceFeedPorts {
  readonly watches: Watches;
  readonly roomsOf: (userId: string) => Iterable<string>;
  readonly encode: (view: PresenceView) => OutgoingPacket;
  /** False: what is known here may be wrong. */
  readonly isSure: () => boolean;
  readonly view: (userId: string) => PresenceView;
  readonly onTold: (view: PresenceView) => void;
}

/** Sends a change of a user's presence to those who watch the user or one of its rooms, once to each. */
export class PresenceFeed {
  readonly #ports: PresenceFeedPorts;
  /** Users who changed while this node was not sure. */
  readonly #held = new Set<string>();

  constructor(ports: PresenceFeedPorts) {
    this.#ports = ports;
  }

  tell(view: PresenceView): void {
    const { watches, roomsOf, encode, isSure, onTold } = this.#ports;
    if (!isSure()) {
      this.#held.add(view.userId);
      return;
    }
    this.#held.delete(view.userId);
    const watchers = watches.watchers([inboxOf(view.userId), ...[...roomsOf(view.userId)].map(timelineOf)]);
    // Most users are watched by nobody.
    if (watchers.size > 0) {
      const packet = encode(view);
      for (const { reader } of watchers) reader.presence(view.userId, packet);
    }
    onTold(view);
  }

  /** Tells what became of those who changed while this node was not sure. Called from time to time. */
  tellHeld(): void {
    if (this.#held.size === 0 || !this.#ports.isSure()) return;
    for (const userId of [...this.#held]) this.tell(this.#ports.view(userId));
  }

  /** There is nobody to tell any more. */
  clear(): void {
    this.#held.clear();
  }
}
