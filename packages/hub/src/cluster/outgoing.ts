import type { Clock } from '../lib/clock.ts';
import type { Bus } from '../ports/bus.ts';
import type { LiveEvent, PresenceEntry } from '../ports/cluster.ts';
import type { Commit, NodeId } from '../ports/shared-store.ts';
import { commitText, endedText, liveText } from './frames.ts';
import { inPieces } from './pieces.ts';
import { type Seal, sealBytes } from './sealed.ts';

export interface OutgoingPorts {
  readonly clock: Clock;
  readonly seal: Seal;
  readonly bus: () => Bus | undefined;
  readonly node: () => NodeId;
}

/** Writes the frames of this node. What is live waits for the end of the turn, and leaves together. */
export class Outgoing {
  readonly #ports: OutgoingPorts;
  #serial = 0;
  /** The last one of lane 1. */
  #position = 0;
  #events: LiveEvent[] = [];
  /** When the first frame was sent that was not heard here yet. */
  #unheardSinceMs: number | undefined;

  constructor(ports: OutgoingPorts) {
    this.#ports = ports;
  }

  commit(commit: Commit, entries: readonly PresenceEntry[]): void {
    // What was signalled before the commit is told before it.
    this.flush();
    if (commit.lane === 1) this.#position = commit.position;
    this.#send((sent) => commitText(sent, commit, entries));
  }

  live(event: LiveEvent): void {
    this.#events.push(event);
    if (this.#events.length === 1) this.#ports.clock.endOfTurn(() => this.flush());
  }

  ended(node: NodeId): void {
    this.flush();
    this.#send((sent) => endedText(sent, node));
  }

  /** Says that this node is there, and shows whether the bus carries anything. */
  probe(): void {
    this.#send((sent) => liveText(sent, this.#position, []));
  }

  /** A frame of this node came back, or those before do not count. */
  heard(): void {
    this.#unheardSinceMs = undefined;
  }

  /** How long frames have been sent and none has come back. */
  unheardMs(nowMs: number): number {
    return this.#unheardSinceMs === undefined ? 0 : nowMs - this.#unheardSinceMs;
  }

  /** This process goes on as another node. */
  reset(): void {
    this.#position = 0;
    this.#unheardSinceMs = undefined;
  }

  flush(): void {
    const events = this.#events;
    if (events.length === 0) return;
    this.#events = [];
    this.#send((sent) => liveText(sent, this.#position, events));
  }

  #send(text: (sent: { node: NodeId; serial: number }) => string): void {
    const { bus, seal, clock } = this.#ports;
    const open = bus();
    if (open === undefined) return;
    this.#serial += 1;
    const sent = { node: this.#ports.node(), serial: this.#serial };
    for (const piece of inPieces(text(sent), sent.node, sent.serial, open.frameBytesMax - sealBytes)) open.publish(seal.seal(piece));
    this.#unheardSinceMs ??= clock.monotonic();
  }
}
