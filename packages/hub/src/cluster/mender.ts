/**
 * Finds what the bus has lost, and mends it from the store.
 *
 * Each round reads the positions of all lanes. What was read in the round *before* has had the time of a round to come over the bus: what
 * of it was not reached without a hole is lost. Then whatever could be in it is compared with the store, and what was read counts as
 * heard, because the comparison is younger than it. While the bus is down nobody waits a round.
 */
import type { Clock } from '../lib/clock.ts';
import type { ClusterHandlers } from '../ports/cluster.ts';
import type { LanePosition, SharedStore } from '../ports/shared-store.ts';
import { inboxOf, type StreamId, type StreamPosition, timelineOf, type UserState } from '../ports/store.ts';
import type { Positions } from './positions.ts';
import type { Roster } from './roster.ts';

export const roundEveryMs = 500;
/** Of a query. */
const keysMax = 5_000;

/** What was stored a moment ago is on its way still, and need not be read by all readers of a busy stream. */
const onTheWayMs = 100;

/** The node of what was chosen nobody knows where. */
const noNode = 0;

export interface MenderPorts {
  readonly store: SharedStore;
  readonly clock: Clock;
  readonly positions: Positions;
  readonly roster: Roster;
  readonly handlers: ClusterHandlers;
  readonly isBusDown: () => boolean;
  /** Who is there was read: held frames can be judged. `startedMs`: when the read began. */
  readonly onNodes: (startedMs: number) => void;
}

export interface MenderStats {
  /** Rounds that found something lost. */
  readonly mended: number;
  /** How long it took in the last of them until what was lost was there, from when it was first read of. */
  readonly lastMendMs: number;
}

export class Mender {
  readonly #ports: MenderPorts;
  #previous: readonly LanePosition[] = [];
  #previousMs: number;
  /** A node has ended, and with it the record of how far it came. */
  #isAllSuspect = false;
  /** Streams that began to be read here while messages of them may have been on their way. */
  #fresh = new Set<StreamId>();
  #mended = 0;
  #lastMendMs = 0;

  constructor(ports: MenderPorts) {
    this.#ports = ports;
    this.#previousMs = ports.clock.monotonic();
  }

  get stats(): MenderStats {
    return { mended: this.#mended, lastMendMs: this.#lastMendMs };
  }

  /** The user began to read here, or to read a room: what came before that, and after the store had looked, was for nobody. */
  began(userId: string): void {
    this.#fresh.add(inboxOf(userId));
    for (const roomId of this.#ports.handlers.roomsOf(userId)) this.#fresh.add(timelineOf(roomId));
  }

  /**
   * The first round of a node: whatever was done before it is read, not heard. `isAnew`: this process was another node before, and users
   * may have come since; what they could have missed is looked for in the next round.
   */
  async begin(isAnew: boolean): Promise<void> {
    const { positions, roster, clock, onNodes } = this.#ports;
    const startedMs = clock.monotonic();
    const read = await this.#readPositions();
    for (const { node } of read) roster.add(node, clock.now());
    const sessions = await this.#readSessions(read);
    positions.countAsHeard(read);
    roster.compare(sessions, clock.monotonic());
    this.#previous = read;
    this.#previousMs = clock.monotonic();
    this.#isAllSuspect = isAnew;
    onNodes(startedMs);
  }

  /** Rejects if the store can't be asked; what is lost is still known to be lost then. */
  async round(): Promise<void> {
    const { positions, clock, isBusDown, onNodes, roster } = this.#ports;
    const [previousMs, startedMs] = [this.#previousMs, clock.monotonic()];
    const read = await this.#readPositions();
    this.#takeNodes(read);
    onNodes(startedMs);
    roster.sweep(clock.monotonic());
    const missing = positions.missing(isBusDown() ? read : this.#previous);
    const [isMessageLost, isNewsLost] = [this.#isAllSuspect || has(missing, 0), this.#isAllSuspect || has(missing, 1)];
    if (isNewsLost) await this.#mendNews(read);
    await this.#mendMessages(read, isMessageLost);
    [this.#previous, this.#previousMs, this.#isAllSuspect] = [read, startedMs, false];
    if (!isMessageLost && !isNewsLost) return;
    this.#mended += 1;
    this.#lastMendMs = clock.monotonic() - previousMs;
  }

  async #mendMessages(read: readonly LanePosition[], isLost: boolean): Promise<void> {
    const { roster, handlers, clock, isBusDown } = this.#ports;
    const fresh = this.#fresh;
    this.#fresh = new Set();
    if (!isLost && (fresh.size === 0 || roster.nodes().length === 0)) return;
    try {
      const heads = await this.#readHeads([...(isLost ? handlers.localStreams() : fresh)]);
      const raise = (): void => this.#raise(heads, isLost ? read : []);
      if (isBusDown()) raise();
      else clock.after(onTheWayMs, raise);
    } catch (error) {
      for (const stream of fresh) this.#fresh.add(stream);
      throw error;
    }
  }

  #raise(heads: readonly StreamPosition[], heard: readonly LanePosition[]): void {
    const { positions, handlers, roster } = this.#ports;
    handlers.heads(heads);
    positions.countAsHeard(heard.filter(({ node, lane }) => lane === 0 && roster.has(node)));
  }

  async #mendNews(read: readonly LanePosition[]): Promise<void> {
    const { roster, clock, positions } = this.#ports;
    const sessions = await this.#readSessions(read);
    await this.#mendMembers();
    await this.#mendOwnStates();
    roster.compare(sessions, clock.monotonic());
    positions.countAsHeard(read.filter(({ lane }) => lane === 1));
  }

  async #mendMembers(): Promise<void> {
    const { handlers } = this.#ports;
    const before = new Map([...handlers.localUsers()].map((userId) => [userId, new Set(handlers.roomsOf(userId))]));
    await handlers.checkMembers();
    // The stream may have been read here before, by others who have left.
    for (const [userId, rooms] of before) {
      for (const roomId of handlers.roomsOf(userId)) if (!rooms.has(roomId)) this.#fresh.add(timelineOf(roomId));
    }
  }

  /** What the users here have chosen on other nodes. */
  async #mendOwnStates(): Promise<void> {
    const { store, handlers } = this.#ports;
    for (const part of inParts([...handlers.localUsers()])) {
      for (const { userId, state, statusText, version = 0, lastSeenMs } of await store.states(part)) {
        if (version <= handlers.entryOf(userId).version) continue;
        handlers.presence({ userId, node: noNode, connections: 0, isIdle: false, chosen: state, statusText, version, lastSeenMs });
      }
    }
  }

  async #readPositions(): Promise<readonly LanePosition[]> {
    const { store } = this.#ports;
    const read = await store.positions();
    return read.filter(({ node }) => node !== store.node);
  }

  #takeNodes(read: readonly LanePosition[]): void {
    const { roster, positions, clock } = this.#ports;
    const living = new Set(read.map(({ node }) => node));
    for (const node of living) if (!roster.has(node)) roster.add(node, clock.now());
    for (const node of roster.nodes()) {
      if (living.has(node)) continue;
      this.#isAllSuspect = true;
      positions.forget(node);
      roster.end(node);
    }
  }

  async #readHeads(streams: readonly StreamId[]): Promise<readonly StreamPosition[]> {
    const heads: StreamPosition[] = [];
    for (const part of inParts(streams)) for (const head of await this.#ports.store.heads(part)) heads.push(head);
    return heads;
  }

  async #readSessions(positions: readonly LanePosition[]) {
    const { store } = this.#ports;
    const all = await store.sessions();
    const rows = all.filter(({ node }) => node !== store.node);
    const states = new Map<string, UserState>();
    for (const part of inParts([...new Set(rows.map(({ userId }) => userId))])) {
      for (const state of await store.states(part)) states.set(state.userId, state);
    }
    return { rows, states, positions };
  }
}

const has = (positions: readonly LanePosition[], lane: number): boolean => positions.some((position) => position.lane === lane);

function* inParts<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let start = 0; start < items.length; start += keysMax) yield items.slice(start, start + keysMax);
}
