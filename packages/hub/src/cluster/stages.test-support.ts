/** The stages of one node, as simple as can be: streams, members and presence, for users without connections. */

import type { ClusterHandlers, LiveEvent, PresenceEntry } from '../ports/cluster.ts';
import type { News, NodeId, SharedMessage, SharedStore } from '../ports/shared-store.ts';
import type { StreamId, StreamPosition, UserState } from '../ports/store.ts';
import { inboxOf, timelineOf } from '../ports/store.ts';

interface FollowedStream {
  head: number;
  readonly heard: number[];
}

export interface StagesPorts {
  readonly store: () => SharedStore;
  /** The `seq`s of a stream that are stored, up to this one. */
  readonly logUpTo: (stream: StreamId, seq: number) => readonly number[];
}

interface LocalUser {
  connections: number;
  isIdle: boolean;
  readonly rooms: Set<string>;
}

export class Stages implements ClusterHandlers {
  readonly streams = new Map<StreamId, FollowedStream>();
  readonly users = new Map<string, LocalUser>();
  /** By user, then by node. */
  readonly others = new Map<string, Map<NodeId, PresenceEntry>>();
  /** What each user was heard to have chosen last, anywhere. */
  readonly chosen = new Map<string, Pick<PresenceEntry, 'chosen' | 'version'>>();
  readonly lives: LiveEvent[] = [];
  readonly gone: NodeId[] = [];
  /** How often messages were given, whoever reads them. */
  given: SharedMessage[] = [];
  timesFenced = 0;
  readonly #ports: StagesPorts;
  /** By room and user. */
  readonly #versions = new Map<string, number>();

  constructor(ports: StagesPorts) {
    this.#ports = ports;
  }

  messages(messages: readonly SharedMessage[]): void {
    this.given = [...this.given, ...messages];
    for (const { stream, seq } of messages) this.publish(stream, seq);
  }

  /** Messages without a hole; after one the rest is read from the log. */
  publish(stream: StreamId, seq: number): void {
    const followed = this.streams.get(stream);
    if (followed === undefined || seq <= followed.head) return;
    for (const next of this.#ports.logUpTo(stream, seq)) {
      if (next <= followed.head) continue;
      followed.heard.push(next);
      followed.head = next;
    }
  }

  heads(heads: readonly StreamPosition[]): void {
    for (const { stream, seq } of heads) this.publish(stream, seq);
  }

  live(event: LiveEvent): void {
    this.lives.push(event);
  }

  joined({ roomId, userId, joinedSeq, membersVersion }: Extract<News, { kind: 'joined' }>): void {
    if (this.#isNewer(roomId, userId, membersVersion)) this.#enter(roomId, userId, joinedSeq);
  }

  left({ roomId, userId, membersVersion }: Extract<News, { kind: 'left' }>): void {
    if (this.#isNewer(roomId, userId, membersVersion)) this.#exit(roomId, userId);
  }

  deleted({ roomId, membersVersion }: Extract<News, { kind: 'deleted' }>): void {
    for (const userId of this.users.keys()) if (this.#isNewer(roomId, userId, membersVersion)) this.#exit(roomId, userId);
  }

  #learn({ userId, chosen, version }: Pick<PresenceEntry, 'userId' | 'chosen' | 'version'>): void {
    if (version >= (this.chosen.get(userId)?.version ?? 0)) this.chosen.set(userId, { chosen, version });
  }

  async checkMembers(): Promise<void> {
    const store = this.#ports.store();
    const asked = [...this.users.keys()];
    const before = await store.memberships(asked);
    const rooms = new Set([...before.map(({ roomId }) => roomId), ...[...this.users.values()].flatMap((user) => [...user.rooms])]);
    // Before the memberships that count, so that no change between the two passes for known.
    const versions = await store.membersVersions([...rooms]);
    const stored = await store.memberships(asked);
    for (const userId of asked) {
      const known = this.roomsOf(userId);
      const right = stored.filter((one) => one.userId === userId);
      for (const { roomId, joinedSeq } of right) {
        this.#isNewer(roomId, userId, versions.get(roomId) ?? 0);
        this.#enter(roomId, userId, joinedSeq);
      }
      for (const roomId of known) if (!right.some((one) => one.roomId === roomId)) this.#exit(roomId, userId);
    }
  }

  presence(entry: PresenceEntry): void {
    const ofUser = this.others.get(entry.userId) ?? new Map<NodeId, PresenceEntry>();
    this.others.set(entry.userId, ofUser);
    this.#learn(entry);
    if (entry.connections === 0) ofUser.delete(entry.node);
    else ofUser.set(entry.node, entry);
  }

  nodeGone(node: NodeId): void {
    this.gone.push(node);
    for (const ofUser of this.others.values()) ofUser.delete(node);
  }

  entryOf(userId: string): PresenceEntry {
    const { connections, isIdle } = this.users.get(userId) ?? nobody;
    const { chosen, version } = this.chosen.get(userId) ?? { chosen: 'online', version: 0 };
    return { userId, node: this.#ports.store().node, connections, isIdle, chosen, version };
  }

  localUsers(): Iterable<string> {
    return this.users.keys();
  }

  localStreams(): Iterable<StreamId> {
    return this.streams.keys();
  }

  roomsOf(userId: string): ReadonlySet<string> {
    return this.users.get(userId)?.rooms ?? new Set();
  }

  fenced(): void {
    this.timesFenced += 1;
    this.users.clear();
    this.streams.clear();
  }

  async open(userId: string): Promise<void> {
    await this.#ports.store().openReader({ userId, deviceId: '' }, 0, ({ streams, state }) => {
      const known = this.users.get(userId);
      if (known !== undefined) {
        known.connections += 1;
        return;
      }
      const rooms = streams.flatMap(({ stream }) => (stream.startsWith(timelineOf('')) ? [stream.slice(timelineOf('').length)] : []));
      this.#learn({ userId, chosen: state?.state ?? 'online', version: state?.version ?? 0 });
      this.users.set(userId, { connections: 1, isIdle: false, rooms: new Set(rooms) });
      for (const { stream, head } of streams) this.#follow(stream, head);
    });
  }

  async close(userId: string): Promise<void> {
    const user = this.users.get(userId);
    if (user === undefined) return;
    user.connections -= 1;
    if (user.connections === 0) {
      this.users.delete(userId);
      this.streams.delete(inboxOf(userId));
    }
    await this.#ports.store().closeReader({ userId, deviceId: '' }, [], user.connections === 0);
  }

  async choose(userId: string, chosen: UserState['state']): Promise<void> {
    if (!this.users.has(userId)) return;
    // No two nodes give the same one.
    const version = (Math.floor((this.chosen.get(userId)?.version ?? 0) / 16) + 1) * 16 + this.#ports.store().node;
    this.#learn({ userId, chosen, version });
    await this.#ports.store().saveStates([{ userId, state: chosen, statusText: undefined, lastSeenMs: 0, version }]);
  }

  async join(roomId: string, userId: string): Promise<void> {
    const request = { roomId, userId, nowMs: 0, create: { maxMembers: 100 }, invited: false };
    await this.#ports.store().joinRoom(request, (result) => {
      if (this.#isNewer(roomId, userId, versionOf(result))) this.#enter(roomId, userId, result.joinedSeq);
    });
  }

  async leave(roomId: string, userId: string): Promise<void> {
    await this.#ports.store().leaveRoom(roomId, userId, (result) => {
      if (this.#isNewer(roomId, userId, versionOf(result))) this.#exit(roomId, userId);
    });
  }

  #isNewer(roomId: string, userId: string, version: number): boolean {
    const key = `${roomId} ${userId}`;
    const isNewer = version > (this.#versions.get(key) ?? 0);
    if (isNewer) this.#versions.set(key, version);
    return isNewer;
  }

  #enter(roomId: string, userId: string, joinedSeq: number): void {
    const user = this.users.get(userId);
    if (user === undefined || user.rooms.has(roomId)) return;
    user.rooms.add(roomId);
    this.#follow(timelineOf(roomId), joinedSeq);
  }

  #exit(roomId: string, userId: string): void {
    this.users.get(userId)?.rooms.delete(roomId);
    if (![...this.users.values()].some(({ rooms }) => rooms.has(roomId))) this.streams.delete(timelineOf(roomId));
  }

  #follow(stream: StreamId, head: number): void {
    if (!this.streams.has(stream)) this.streams.set(stream, { head, heard: [] });
  }
}

const nobody: LocalUser = { connections: 0, isIdle: false, rooms: new Set() };

const versionOf = (result: object): number => ('membersVersion' in result ? Number(result.membersVersion) : 0);
