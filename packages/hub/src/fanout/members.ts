/**
 * Which users here are members of which rooms: the one place where a change of members is applied to the sessions of this node, whether
 * it was made here or on another node, or was found in the store because nobody had told of it.
 *
 * In a store that several nodes share each room counts the changes of its members, and each change has a number, its `membersVersion`.
 * Changes of other nodes may come in any order, twice or never. So for each user the latest one counts, see `MemberVersions`, and messages
 * that were sent after a change which is not known here wait for it, or for `confirm`.
 */
import { eventPacket } from '../lib/event-packet.ts';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Session } from '../ports/session.ts';
import type { RoomMembership } from '../ports/shared-store.ts';
import { timelineOf } from '../ports/store.ts';
import type { MemberReads } from './member-reads.ts';
import { MemberVersions } from './member-versions.ts';
import type { Streams } from './streams.ts';

export interface MemberChange {
  readonly roomId: string;
  readonly userId: string;
  /** Of the room afterwards; undefined if the members are not to be told. */
  readonly memberCount?: number | undefined;
  /** Undefined: only this node changes members. */
  readonly membersVersion?: number | undefined;
}

export interface MemberJoined extends MemberChange {
  /** The user gets what comes after. */
  readonly joinedSeq: number;
}

export interface MemberLeft extends MemberChange {
  /** The user gets what came up to here, also if it is still on its way to this node. Undefined: all of it has come. */
  readonly leftSeq?: number | undefined;
}

export interface MemberPorts {
  readonly directory: {
    sessionsOf(userId: string): readonly Session[];
    users(): Iterable<string>;
    isOpening(userId: string): boolean;
    roomsOf(userId: string): ReadonlySet<string>;
    enterRoom(userId: string, roomId: string): void;
    leaveRoom(userId: string, roomId: string): void;
  };
  readonly streams: Pick<Streams, 'follow' | 'close' | 'readers' | 'membersVersion' | 'knowMembers' | 'whenReached'>;
  readonly watches: { unwatch(session: Session, topics: readonly string[]): void };
  readonly notices: {
    joined(roomId: string, userId: string, memberCount: number): void;
    left(roomId: string, userId: string, memberCount: number): void;
    forget(roomId: string): void;
  };
  /** Tells the room's members here. */
  readonly toRoom: (roomId: string, packet: OutgoingPacket) => void;
  /** Undefined: nobody else changes members. */
  readonly reads: MemberReads | undefined;
  readonly onChanged: (roomId: string) => void;
}

export class Members {
  readonly #ports: MemberPorts;
  readonly #versions: MemberVersions;
  /** Users of whom a change was heard while they were registering: what the store answers them may be older. */
  readonly #changedWhileOpening = new Set<string>();

  constructor(ports: MemberPorts) {
    this.#ports = ports;
    this.#versions = new MemberVersions(ports.streams);
  }

  /** Lets all connections of the user read the room from `joinedSeq` on. */
  joined({ joinedSeq, ...change }: MemberJoined): void {
    const { roomId, userId, memberCount, membersVersion } = change;
    if (!this.#isNews(change, true)) return;
    if (memberCount !== undefined) this.#ports.notices.joined(roomId, userId, memberCount);
    this.#follow(roomId, userId, joinedSeq, membersVersion);
    this.#applied(change);
  }

  /** Ends what the user reads and watches of the room. What was sent after it waits until then, see `Streams`. */
  left({ leftSeq = 0, ...change }: MemberLeft): void {
    const { directory, streams } = this.#ports;
    if (directory.sessionsOf(change.userId).length === 0) this.#leave(change);
    else streams.whenReached(timelineOf(change.roomId), leftSeq, () => this.#leave(change));
  }

  /** The room's members here are told, and get nothing more of it. */
  deleted({ roomId, membersVersion }: Pick<MemberChange, 'roomId' | 'membersVersion'>): void {
    this.#ports.onChanged(roomId);
    if (this.#versions.isOld(roomId, membersVersion)) return;
    this.#ports.notices.forget(roomId);
    this.#versions.forget(roomId);
    this.#ports.toRoom(roomId, eventPacket('room_deleted', { room_id: roomId }));
    for (const userId of this.#readersOf(roomId)) {
      this.#unfollow(roomId, userId);
      this.#noteChange(userId);
    }
  }

  /**
   * Ends the reading of those who are no longer members of these rooms. What is known of the rooms afterwards is as new as the store was
   * when this was called. Never rejects: while the store can't be asked, it is asked again.
   */
  async confirm(roomIds: readonly string[]): Promise<void> {
    await this.#ports.reads?.ofRooms(roomIds, {
      isOutdated: (roomId, version) => (this.#ports.streams.membersVersion(timelineOf(roomId)) ?? -1) < version,
      readersOf: (roomId) => this.#readersOf(roomId),
      onMissing: (roomId, userId) => this.#unfollow(roomId, userId),
      onRead: (roomId, version) => this.#versions.know(roomId, version),
    });
  }

  /** Compares the memberships of all users here with the store's, and applies what differs. Rejects if the store can't be asked. */
  async check(userIds: readonly string[] = [...this.#ports.directory.users()]): Promise<void> {
    await this.#ports.reads?.ofUsers(userIds, (userId, rooms) => this.#apply(userId, rooms));
  }

  /** A session has begun that reads these rooms, as the store had them a moment ago. */
  arrived(userId: string, roomCount: number): void {
    const { directory, reads } = this.#ports;
    if (reads === undefined) return;
    const hasChanged = this.#changedWhileOpening.has(userId) || directory.roomsOf(userId).size !== roomCount;
    if (!directory.isOpening(userId)) this.#changedWhileOpening.delete(userId);
    if (hasChanged) this.#checkSoon(userId);
  }

  /** A registration has ended without a session. */
  notArrived(userId: string): void {
    if (!this.#ports.directory.isOpening(userId)) this.#changedWhileOpening.delete(userId);
  }

  #leave(change: MemberChange): void {
    const { roomId, userId, memberCount } = change;
    if (!this.#isNews(change, false)) return;
    this.#unfollow(roomId, userId);
    if (memberCount !== undefined) this.#ports.notices.left(roomId, userId, memberCount);
    this.#applied(change);
  }

  #apply(userId: string, rooms: ReadonlyMap<string, RoomMembership>): void {
    for (const roomId of [...this.#ports.directory.roomsOf(userId)]) if (!rooms.has(roomId)) this.#unfollow(roomId, userId);
    for (const { roomId, joinedSeq } of rooms.values()) this.#follow(roomId, userId, joinedSeq, undefined);
  }

  #follow(roomId: string, userId: string, joinedSeq: number, membersVersion: number | undefined): void {
    const { directory, streams } = this.#ports;
    directory.enterRoom(userId, roomId);
    const stream = timelineOf(roomId);
    for (const { reader } of directory.sessionsOf(userId)) {
      if (streams.readers(stream).has(reader)) continue;
      streams.follow(reader, { stream, cursor: joinedSeq, head: joinedSeq, written: joinedSeq, membersVersion });
    }
  }

  #unfollow(roomId: string, userId: string): void {
    const { directory, streams, watches } = this.#ports;
    const stream = timelineOf(roomId);
    directory.leaveRoom(userId, roomId);
    for (const session of directory.sessionsOf(userId)) {
      streams.close(stream, session.reader);
      session.reader.unfollow(stream);
      watches.unwatch(session, [stream]);
    }
  }

  #readersOf(roomId: string): ReadonlySet<string> {
    return new Set([...this.#ports.streams.readers(timelineOf(roomId))].map(({ userId }) => userId));
  }

  /** False: this change, or a later one of the user, is known. If it shows nevertheless that something is not as it should be, the store is asked. */
  #isNews(change: MemberChange, isMember: boolean): boolean {
    const { roomId, userId } = change;
    this.#ports.onChanged(roomId);
    if (this.#versions.isNews(change)) return true;
    // It may be the one that was missing between what is known and what came early.
    this.#versions.heard(change);
    const { directory } = this.#ports;
    if (directory.sessionsOf(userId).length > 0 && directory.roomsOf(userId).has(roomId) !== isMember) this.#checkSoon(userId);
    return false;
  }

  #applied(change: MemberChange): void {
    this.#versions.heard(change);
    this.#noteChange(change.userId);
  }

  #noteChange(userId: string): void {
    const { reads, directory } = this.#ports;
    if (reads === undefined) return;
    reads.changed(userId);
    if (directory.isOpening(userId)) this.#changedWhileOpening.add(userId);
  }

  #checkSoon(userId: string): void {
    void this.#ports.reads?.surely(
      () => this.check([userId]),
      () => this.#ports.directory.sessionsOf(userId).length > 0,
    );
  }
}
