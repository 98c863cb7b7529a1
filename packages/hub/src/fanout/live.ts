/**
 * Events that are live only, to those who are connected on whatever node: a user, the members of a room, or all. There is one way: this
 * node's connections are given the event, and the other nodes are told to do the same (`hear`).
 *
 * Each call returns how many users can be known to have got it: somebody invisible gets it and is not counted, so that a sender can't tell
 * that it is there. For a user and for all, the presence of all nodes is counted. For a room, those are whose connections read it here, and
 * of those elsewhere the ones that `Audience` knows as members.
 */
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Cluster, LiveEvent } from '../ports/cluster.ts';
import type { Reader } from '../ports/session.ts';
import { timelineOf } from '../ports/store.ts';

type WithReader = Iterable<{ readonly reader: Reader }>;

export interface LivePorts {
  readonly directory: { sessionsOf(userId: string): WithReader; sessions(): WithReader };
  readonly streams: { readers(stream: string): ReadonlySet<Reader> };
  readonly presence: {
    isVisible(userId: string): boolean;
    isElsewhere(userId: string): boolean;
    online(): Iterable<string>;
  };
  readonly cluster: Pick<Cluster, 'signal'>;
}

/** An event for a user, a room or all. */
type PacketEvent = Extract<LiveEvent, { readonly packet: string }>;

export class LiveEvents {
  readonly #ports: LivePorts;

  constructor(ports: LivePorts) {
    this.#ports = ports;
  }

  toUser(userId: string, packet: OutgoingPacket): number {
    const { presence, cluster } = this.#ports;
    this.#tell(readersOf(this.#ports.directory.sessionsOf(userId)), packet);
    if (presence.isElsewhere(userId)) cluster.signal({ kind: 'to_user', userId, packet: packet.text });
    return presence.isVisible(userId) ? 1 : 0;
  }

  /** To all members but one. */
  toRoom(roomId: string, packet: OutgoingPacket, exceptUserId?: string): number {
    this.#ports.cluster.signal({ kind: 'to_room', roomId, exceptUserId, packet: packet.text });
    return this.toRoomHere(roomId, packet, exceptUserId);
  }

  /** Only on this node, since each node hears by itself of what has happened. */
  toRoomHere(roomId: string, packet: OutgoingPacket, exceptUserId?: string): number {
    const { streams, presence } = this.#ports;
    const reached = this.#tell(streams.readers(timelineOf(roomId)), packet, (userId) => userId === exceptUserId);
    let visible = 0;
    for (const userId of reached) visible += presence.isVisible(userId) ? 1 : 0;
    return visible;
  }

  /** Whether a member of the room is connected here. */
  isHeardIn(roomId: string): boolean {
    return this.#ports.streams.readers(timelineOf(roomId)).size > 0;
  }

  toAll(packet: OutgoingPacket, except: ReadonlySet<string>): number {
    const { directory, presence, cluster } = this.#ports;
    this.#tell(readersOf(directory.sessions()), packet, (userId) => except.has(userId));
    cluster.signal({ kind: 'to_all', except: [...except], packet: packet.text });
    let visible = 0;
    for (const userId of presence.online()) if (!except.has(userId)) visible += 1;
    return visible;
  }

  /** What another node has sent, for the connections of this one. */
  hear(event: PacketEvent): void {
    const { directory, streams } = this.#ports;
    const packet = new OutgoingPacket(event.packet);
    if (event.kind === 'to_user') {
      this.#tell(readersOf(directory.sessionsOf(event.userId)), packet);
    } else if (event.kind === 'to_room') {
      this.#tell(streams.readers(timelineOf(event.roomId)), packet, (userId) => userId === event.exceptUserId);
    } else {
      const except = new Set(event.except);
      this.#tell(readersOf(directory.sessions()), packet, (userId) => except.has(userId));
    }
  }

  #tell(readers: Iterable<Reader>, packet: OutgoingPacket, isSpared: (userId: string) => boolean = () => false): ReadonlySet<string> {
    const reached = new Set<string>();
    for (const reader of readers) {
      if (isSpared(reader.userId)) continue;
      reader.live(packet);
      reached.add(reader.userId);
    }
    return reached;
  }
}

function* readersOf(sessions: WithReader): Iterable<Reader> {
  for (const { reader } of sessions) yield reader;
}
