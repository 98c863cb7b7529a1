/**
 * Events that are live only, to those who are connected on whatever node: a user, the members of a room, or all. There is one way: this
 * node's connections are given the event, and the other nodes are told to do the same (`hear`).
 *
 * What is returned is how many users can be known to have got it: somebody invisible gets it and is not counted, so that a sender can't tell
 * that it is there. Who is connected elsewhere is counted by the presence of all nodes, and for a room also by `Audience`.
 */
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Cluster, LiveEvent } from '../ports/cluster.ts';
import type { Reader } from '../ports/session.ts';
import { timelineOf } from '../ports/store.ts';
import type { Audience } from './audience.ts';

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
  /** Undefined: there are no other nodes. */
  readonly audience: Pick<Audience, 'membersOf'> | undefined;
}

/** An event for a user, a room or all. */
type PacketEvent = Extract<LiveEvent, { readonly packet: string }>;

export class LiveEvents {
  readonly #ports: LivePorts;

  constructor(ports: LivePorts) {
    this.#ports = ports;
  }

  toUser(userId: string, packet: OutgoingPacket): number {
    const { directory, presence, cluster } = this.#ports;
    tell(readersOf(directory.sessionsOf(userId)), packet);
    if (presence.isElsewhere(userId)) cluster.signal({ kind: 'to_user', userId, packet: packet.text });
    return presence.isVisible(userId) ? 1 : 0;
  }

  /** To all members but one. Sent at once, and counted when it is known who the members are. */
  toRoom(roomId: string, packet: OutgoingPacket, exceptUserId?: string): number | Promise<number> {
    const { cluster, audience, presence } = this.#ports;
    cluster.signal({ kind: 'to_room', roomId, exceptUserId, packet: packet.text });
    const reached = this.toRoomHere(roomId, packet, exceptUserId);
    const isCounted = (userId: string): boolean => userId !== exceptUserId && presence.isVisible(userId);
    if (audience === undefined) return count(reached, isCounted);
    return audience.membersOf(roomId).then((members) => {
      const elsewhere = members.filter((userId) => presence.isElsewhere(userId));
      return count(new Set([...reached, ...elsewhere]), isCounted);
    });
  }

  /** Only on this node, since each node hears by itself of what has happened. Returns who got it. */
  toRoomHere(roomId: string, packet: OutgoingPacket, exceptUserId?: string): ReadonlySet<string> {
    const reached = new Set<string>();
    for (const reader of this.#ports.streams.readers(timelineOf(roomId))) {
      if (reader.userId === exceptUserId) continue;
      reader.live(packet);
      reached.add(reader.userId);
    }
    return reached;
  }

  /** Whether a member of the room is connected here. */
  isHeardIn(roomId: string): boolean {
    return this.#ports.streams.readers(timelineOf(roomId)).size > 0;
  }

  toAll(packet: OutgoingPacket, except: ReadonlySet<string>): number {
    const { presence, cluster } = this.#ports;
    this.#toAllHere(packet, except);
    cluster.signal({ kind: 'to_all', except: [...except], packet: packet.text });
    return count(presence.online(), (userId) => !except.has(userId));
  }

  /** What another node has sent, for the connections of this one. */
  hear(event: PacketEvent): void {
    const packet = new OutgoingPacket(event.packet);
    if (event.kind === 'to_user') tell(readersOf(this.#ports.directory.sessionsOf(event.userId)), packet);
    else if (event.kind === 'to_room') this.toRoomHere(event.roomId, packet, event.exceptUserId);
    else this.#toAllHere(packet, new Set(event.except));
  }

  #toAllHere(packet: OutgoingPacket, except: ReadonlySet<string>): void {
    for (const reader of readersOf(this.#ports.directory.sessions())) if (!except.has(reader.userId)) reader.live(packet);
  }
}

function tell(readers: Iterable<Reader>, packet: OutgoingPacket): void {
  for (const reader of readers) reader.live(packet);
}

function count(userIds: Iterable<string>, isCounted: (userId: string) => boolean): number {
  let counted = 0;
  for (const userId of userIds) if (isCounted(userId)) counted += 1;
  return counted;
}

function* readersOf(sessions: WithReader): Iterable<Reader> {
  for (const { reader } of sessions) yield reader;
}
