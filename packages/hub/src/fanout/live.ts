/**
 * Events that are live only, to those who are connected: a user, the members of a room, or all. Each call returns how many users can be
 * known to have got it: somebody invisible gets it and is not counted, so that a sender can't tell that it is there.
 */
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Reader } from '../ports/session.ts';
import { timelineOf } from '../ports/store.ts';

type WithReader = Iterable<{ readonly reader: Reader }>;

export interface LivePorts {
  readonly directory: { sessionsOf(userId: string): WithReader; sessions(): WithReader };
  readonly streams: { readers(stream: string): ReadonlySet<Reader> };
  readonly presence: { isVisible(userId: string): boolean };
}

export class LiveEvents {
  readonly #ports: LivePorts;

  constructor(ports: LivePorts) {
    this.#ports = ports;
  }

  toUser(userId: string, packet: OutgoingPacket): number {
    return this.#tell(readersOf(this.#ports.directory.sessionsOf(userId)), packet, () => false);
  }

  /** To all members but one. */
  toRoom(roomId: string, packet: OutgoingPacket, exceptUserId?: string): number {
    return this.#tell(this.#ports.streams.readers(timelineOf(roomId)), packet, (userId) => userId === exceptUserId);
  }

  /** Whether a member of the room is connected here. */
  isHeardIn(roomId: string): boolean {
    return this.#ports.streams.readers(timelineOf(roomId)).size > 0;
  }

  toAll(packet: OutgoingPacket, except: ReadonlySet<string>): number {
    return this.#tell(readersOf(this.#ports.directory.sessions()), packet, (userId) => except.has(userId));
  }

  #tell(readers: Iterable<Reader>, packet: OutgoingPacket, isSpared: (userId: string) => boolean): number {
    const reached = new Set<string>();
    for (const reader of readers) {
      if (isSpared(reader.userId)) continue;
      reader.live(packet);
      if (this.#ports.presence.isVisible(reader.userId)) reached.add(reader.userId);
    }
    return reached.size;
  }
}

function* readersOf(sessions: WithReader): Iterable<Reader> {
  for (const { reader } of sessions) yield reader;
}
