/** The fan-out stage as a whole: who gets what is stored, what is live, and what changes about users and rooms, of this node and of others. */
import type { Clock } from '../lib/clock.ts';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { PresenceView } from '../ports/presence.ts';
import type { Session } from '../ports/session.ts';
import type { SharedStore } from '../ports/shared-store.ts';
import type { Store } from '../ports/store.ts';
import { Audience } from './audience.ts';
import { LiveEvents } from './live.ts';
import { MemberNotices } from './member-notices.ts';
import { MemberReads } from './member-reads.ts';
import { type MemberPorts, Members } from './members.ts';
import { Presence } from './presence.ts';
import { PresenceFeed } from './presence-feed.ts';
import { type StreamPorts, Streams } from './streams.ts';
import { Watches, type WatchLimits } from './watches.ts';

export interface FanoutPorts {
  readonly directory: MemberPorts['directory'] & { sessions(): Iterable<Session> };
  readonly clock: Clock;
  readonly cluster: Cluster;
  /** Undefined: no other node changes members. */
  readonly shared: Pick<SharedStore, 'memberships' | 'membersVersions'> | undefined;
  readonly store: Pick<Store, 'readStream' | 'members'>;
  readonly runs: StreamPorts['runs'];
  readonly idleTimeoutMs: number;
  readonly watchLimits: WatchLimits;
  readonly encodePresence: (view: PresenceView) => OutgoingPacket;
  /** A change of presence was told. */
  readonly onPresence: (view: PresenceView) => void;
}

export class Fanout {
  readonly streams: Streams;
  readonly presence: Presence;
  readonly live: LiveEvents;
  readonly members: Members;
  readonly watches: Watches;
  readonly #feed: PresenceFeed;

  constructor({ directory, clock, cluster, shared, store, runs, ...ports }: FanoutPorts) {
    this.watches = new Watches(ports.watchLimits);
    this.#feed = new PresenceFeed({
      watches: this.watches,
      roomsOf: (userId) => directory.roomsOf(userId),
      encode: ports.encodePresence,
      isSure: () => cluster.isSure,
      view: (userId) => this.presence.view(userId),
      onTold: ports.onPresence,
    });
    this.presence = new Presence({ idleTimeoutMs: ports.idleTimeoutMs, cluster, onChange: (view) => this.#feed.tell(view) });
    const audience = shared && new Audience(store, clock);
    this.streams = new Streams({
      runs,
      clock,
      readStream: (query) => store.readStream(query),
      confirmMembers: (roomIds) => this.members.confirm(roomIds),
    });
    this.live = new LiveEvents({ directory, cluster, audience, streams: this.streams, presence: this.presence });
    // Each node hears by itself who joins and leaves.
    const toRoomHere = (roomId: string, packet: OutgoingPacket, except?: string): unknown => this.live.toRoomHere(roomId, packet, except);
    this.members = new Members({
      directory,
      streams: this.streams,
      watches: this.watches,
      notices: new MemberNotices({ toRoom: toRoomHere, isHeardIn: (roomId) => this.live.isHeardIn(roomId) }, clock),
      toRoom: toRoomHere,
      reads: shared && new MemberReads(shared, clock),
      onChanged: (roomId) => audience?.changed(roomId),
    });
  }

  /** Called from time to time. */
  tick(monotonicMs: number): void {
    this.#feed.tellHeld();
    this.presence.sweep(monotonicMs);
  }

  /** Forgets all users, of whom no session is left here. */
  forgetUsers(): void {
    this.presence.clear();
    this.#feed.clear();
  }
}
