/** What a shared store keeps beside the log: its nodes with their lanes, their sessions, and how often the members of each room have changed. */
import type { ReaderId, ReaderStream, UserState } from '@parley/hub';
import type { LanePosition, News, NodeId, NodeInfo, NodeSessions, RoomMembership, SharedMessage } from '@parley/hub/testing';
import { neverSeen } from '@parley/hub/testing';
import { HubError } from '@parley/protocol';
import { saveStates as saveAll } from './memory-readers.ts';
import { type MemoryState, readersOf } from './memory-state.ts';

interface MemoryNode {
  readonly node: NodeId;
  readonly startedMs: number;
  readonly lanes: [number, number];
  beat: number;
  beatAtMs: number;
  isEnded: boolean;
}

interface MemorySession extends ReaderId {
  readonly node: NodeId;
}

export interface SharedState {
  readonly memory: MemoryState;
  readonly now: () => number;
  readonly connectionsPerUserMax: number;
  readonly nodes: Map<NodeId, MemoryNode>;
  sessions: MemorySession[];
  readonly membersVersions: Map<string, number>;
  readonly agreed: Map<string, string>;
}

export function emptySharedState(memory: MemoryState, now: () => number, connectionsPerUserMax: number): SharedState {
  return { memory, now, connectionsPerUserMax, nodes: new Map(), sessions: [], membersVersions: new Map(), agreed: new Map() };
}

export function begin(state: SharedState): NodeId {
  const node = state.nodes.size + 1;
  state.nodes.set(node, { node, startedMs: state.now(), lanes: [0, 0], beat: 0, beatAtMs: state.now(), isEnded: false });
  return node;
}

/** False: it had ended before. */
export function end(state: SharedState, node: NodeId): boolean {
  const known = state.nodes.get(node);
  if (known === undefined || known.isEnded) return false;
  known.isEnded = true;
  const ended = state.sessions.filter((session) => session.node === node);
  state.sessions = state.sessions.filter((session) => session.node !== node);
  for (const { userId, deviceId } of ended) {
    const reader = readersOf(state.memory, userId).get(deviceId);
    // Open since an earlier epoch: everything may have been written to it, and nobody reads.
    if (reader !== undefined && !isOpen(state, { userId, deviceId })) reader.openEpoch = state.memory.epoch - 1;
  }
  return true;
}

export function beat(state: SharedState, node: NodeId): boolean {
  const known = state.nodes.get(node);
  if (known === undefined || known.isEnded) return false;
  known.beat += 1;
  known.beatAtMs = state.now();
  return true;
}

const notEnded = (state: SharedState): readonly MemoryNode[] => [...state.nodes.values()].filter(({ isEnded }) => !isEnded);

export function living(state: SharedState): readonly NodeInfo[] {
  return notEnded(state).map(({ node, startedMs, beat: beats, beatAtMs }) => ({ node, address: '', startedMs, beat: beats, beatAtMs }));
}

export function positions(state: SharedState): readonly LanePosition[] {
  return notEnded(state).flatMap(({ node, lanes: [messages, others] }): readonly LanePosition[] => [
    { node, lane: 0, position: messages },
    { node, lane: 1, position: others },
  ]);
}

export function openSession(state: SharedState, node: NodeId, { userId, deviceId }: ReaderId): void {
  const count = state.sessions.filter((session) => session.userId === userId).length;
  if (count >= state.connectionsPerUserMax) throw new HubError('connection_limit');
  state.sessions.push({ userId, deviceId, node });
}

/** True: no other connection of this reader is open, on any node. */
export function closeSession(state: SharedState, node: NodeId, reader: ReaderId): boolean {
  const isIt = (session: MemorySession): boolean => session.node === node && isOf(session, reader);
  const index = state.sessions.findIndex(isIt);
  if (index !== -1) state.sessions.splice(index, 1);
  return !isOpen(state, reader);
}

const isOf = (session: ReaderId, { userId, deviceId }: ReaderId): boolean => session.userId === userId && session.deviceId === deviceId;

const isOpen = (state: SharedState, reader: ReaderId): boolean => state.sessions.some((session) => isOf(session, reader));

export function sessions(state: SharedState): readonly NodeSessions[] {
  return [...Map.groupBy(state.sessions, ({ userId, node }) => `${node} ${userId}`).values()].flatMap((same) => {
    const [first] = same;
    return first === undefined ? [] : [{ userId: first.userId, node: first.node, connections: same.length }];
  });
}

/** Of what was chosen on several nodes the highest version holds. */
export function saveStates(state: SharedState, states: readonly UserState[]): void {
  const newest = states.map((one) => {
    const stored = state.memory.states.get(one.userId);
    const lastSeenMs = Math.max(one.lastSeenMs, stored?.lastSeenMs ?? neverSeen);
    return { ...(stored !== undefined && (stored.version ?? 0) > (one.version ?? 0) ? stored : one), lastSeenMs };
  });
  saveAll(state.memory, newest);
}

export function memberships({ memory }: SharedState, userIds: ReadonlySet<string>): readonly RoomMembership[] {
  return memory.memberships
    .filter(({ userId }) => userIds.has(userId))
    .map(({ userId, roomId, joinedSeq }) => ({ userId, roomId, joinedSeq }));
}

export const versionOf = (state: SharedState, roomId: string): number => state.membersVersions.get(roomId) ?? 0;

export function nextVersion(state: SharedState, roomId: string): number {
  const version = versionOf(state, roomId) + 1;
  state.membersVersions.set(roomId, version);
  return version;
}

/** Returns the new version of the room's members. */
export function joined(
  state: SharedState,
  news: News[],
  roomId: string,
  userId: string,
  { joinedSeq, memberCount }: { readonly joinedSeq: number; readonly memberCount: number },
): number {
  const membersVersion = nextVersion(state, roomId);
  news.push({ kind: 'joined', roomId, userId, joinedSeq, memberCount, membersVersion });
  return membersVersion;
}

export function shared(state: SharedState, message: SharedMessage): SharedMessage {
  return message.roomId === undefined ? message : { ...message, membersVersion: versionOf(state, message.roomId) };
}

const timeline = 'room:';

export function withVersion(state: SharedState, stream: ReaderStream): ReaderStream & { readonly membersVersion?: number | undefined } {
  return stream.stream.startsWith(timeline)
    ? { ...stream, membersVersion: versionOf(state, stream.stream.slice(timeline.length)) }
    : stream;
}
