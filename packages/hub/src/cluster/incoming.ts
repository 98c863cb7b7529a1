/**
 * Hears the frames of the other nodes. Each is applied once; whatever is no frame of this cluster is ignored and counted.
 *
 * A node is known once the store has shown it. Frames of others are held until the store was asked again: of a node that has just begun
 * they are taken then, of one that has ended (it was paused, and does not know it yet) they are dropped.
 */
import type { Clock } from '../lib/clock.ts';
import type { ClusterHandlers } from '../ports/cluster.ts';
import type { NodeId } from '../ports/shared-store.ts';
import { type CommitFrame, type Frame, type LiveFrame, parseFrame } from './frames.ts';
import { Pieces } from './pieces.ts';
import type { Positions } from './positions.ts';
import type { Roster } from './roster.ts';
import type { Seal } from './sealed.ts';
import { Serials } from './serials.ts';

export interface IncomingPorts {
  readonly clock: Clock;
  readonly seal: Seal;
  readonly node: () => NodeId;
  readonly positions: Positions;
  readonly roster: Roster;
  readonly handlers: ClusterHandlers;
  /** A frame of this node came back. */
  readonly onOwn: () => void;
  /** A user with a session here became a member of a room elsewhere. */
  readonly onJoined: (userId: string) => void;
  /** Who is there should be read again. */
  readonly onUnknownNode: () => void;
}

export interface IncomingStats {
  /** Frames of other nodes that were applied. */
  readonly heard: number;
  /** Frames that had been heard before. */
  readonly doubled: number;
  /** Not sealed with this cluster's secret, or of another version, or broken. */
  readonly refused: number;
  /** Of nodes that had ended. */
  readonly ofEnded: number;
}

const incompleteCharactersMax = 32_000_000;
const heldMax = 1_000;

export class Incoming {
  readonly #ports: IncomingPorts;
  readonly #pieces = new Pieces(incompleteCharactersMax);
  readonly #serials = new Map<NodeId, Serials>();
  #held: { readonly frame: Frame; readonly atMs: number }[] = [];
  readonly #stats = { heard: 0, doubled: 0, refused: 0, ofEnded: 0 };

  constructor(ports: IncomingPorts) {
    this.#ports = ports;
  }

  get stats(): IncomingStats {
    return { ...this.#stats };
  }

  hear(sealed: string): void {
    const text = this.#ports.seal.open(sealed);
    if (text === undefined) {
      this.#stats.refused += 1;
      return;
    }
    const whole = this.#pieces.add(text);
    if (whole === undefined) return;
    const frame = parseFrame(whole);
    if (frame === undefined) this.#stats.refused += 1;
    else this.#take(frame);
  }

  /** The store has shown who is there, in a read that began then. */
  onNodes(startedMs: number): void {
    const { roster } = this.#ports;
    const held = this.#held;
    this.#held = [];
    for (const { frame, atMs } of held) {
      if (roster.has(frame.node)) this.#apply(frame);
      else if (atMs >= startedMs) this.#held.push({ frame, atMs });
      else this.#stats.ofEnded += 1;
    }
    if (this.#held.length > 0) this.#ports.onUnknownNode();
    for (const node of this.#serials.keys()) if (!roster.has(node)) this.#serials.delete(node);
  }

  #take(frame: Frame): void {
    const { node, roster, clock, onOwn, onUnknownNode } = this.#ports;
    if (frame.node === node()) onOwn();
    else if (roster.has(frame.node)) this.#apply(frame);
    else {
      if (this.#held.length < heldMax) this.#held.push({ frame, atMs: clock.monotonic() });
      onUnknownNode();
    }
  }

  #apply(frame: Frame): void {
    if (!this.#isNew(frame)) {
      this.#stats.doubled += 1;
      return;
    }
    this.#stats.heard += 1;
    if (frame.kind === 'commit') this.#applyCommit(frame);
    else if (frame.kind === 'live') this.#applyLive(frame);
    // Whether it has ended only the store can say.
    else this.#ports.onUnknownNode();
  }

  #isNew(frame: Frame): boolean {
    if (frame.kind === 'commit') return this.#ports.positions.hear(frame);
    const serials = this.#serials.get(frame.node) ?? new Serials();
    this.#serials.set(frame.node, serials);
    return serials.hear(frame.serial);
  }

  #applyCommit(frame: CommitFrame): void {
    const { handlers, roster, clock, onJoined } = this.#ports;
    if (frame.messages.length > 0) handlers.messages(frame.messages);
    if (frame.heads.length > 0) handlers.heads(frame.heads);
    for (const entry of frame.entries) if (entry.node === frame.node) roster.apply(entry, frame, clock.monotonic());
    for (const news of frame.news) {
      if (news.kind === 'joined') {
        handlers.joined(news);
        if (handlers.roomsOf(news.userId).has(news.roomId)) onJoined(news.userId);
      } else if (news.kind === 'left') handlers.left(news);
      else if (news.kind === 'deleted') handlers.deleted(news);
    }
  }

  #applyLive(frame: LiveFrame): void {
    const { handlers, roster, clock } = this.#ports;
    for (const event of frame.events) {
      if (event.kind !== 'presence') handlers.live(event);
      else if (event.entry.node === frame.node) roster.apply(event.entry, frame, clock.monotonic());
    }
  }
}
