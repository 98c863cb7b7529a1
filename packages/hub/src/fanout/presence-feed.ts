import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { PresenceView } from '../ports/presence.ts';
import { inboxOf, timelineOf } from '../ports/store.ts';
import type { Watches } from './watches.ts';

export interface PresenceFeedPorts {
  readonly watches: Watches;
  readonly roomsOf: (userId: string) => Iterable<string>;
  readonly encode: (view: PresenceView) => OutgoingPacket;
}

/** Sends a change of a user's presence to those who watch the user or one of its rooms, once to each. */
export class PresenceFeed {
  readonly #ports: PresenceFeedPorts;

  constructor(ports: PresenceFeedPorts) {
    this.#ports = ports;
  }

  tell(view: PresenceView): void {
    const { watches, roomsOf, encode } = this.#ports;
    const watchers = watches.watchers([inboxOf(view.userId), ...[...roomsOf(view.userId)].map(timelineOf)]);
    // Most users are watched by nobody.
    if (watchers.size === 0) return;
    const packet = encode(view);
    for (const { reader } of watchers) reader.presence(view.userId, packet);
  }
}
