/**
 * What a session has sent and nobody has handled yet.
 *
 *     packet ─► nothing waits, it is not held, its outbox has room, its share of the turn is left ─► handled at once
 *        └────► waits, and the transport is paused ──its turn comes──► handled ─► nothing waits any more: resumed
 *
 * - Packets are handled in the order in which they came.
 * - Since the transport is paused, what waits is what had been read already: a chunk of a socket, or one polling body.
 */
import type { EnginePacket } from '@parley/protocol';
import type { InputInLine, InputTurns } from './input-turns.ts';

/** What the session may have handled in one turn without waiting; then the others come first. */
const packetsPerTurn = 128;

/** What a packet takes beside its data. */
const packetBytes = 64;

/** The session that an intake belongs to. */
export interface InputOwner {
  /** Whether its outbox has room for replies. */
  readonly hasRoom: boolean;
  /** The client has registered; it comes before those that have not. */
  readonly isIdentified: boolean;
  handle(packet: EnginePacket): void;
  pauseInput(): void;
  resumeInput(): void;
  /** What waits has become more, or less. */
  onHeld(): void;
}

export class Intake implements InputInLine {
  readonly #owner: InputOwner;
  readonly #turns: InputTurns;
  /** Almost always undefined: most packets never wait. */
  #waiting: EnginePacket[] | undefined;
  /** The place of the first of them. */
  #next = 0;
  #waitingBytes = 0;
  #holds = 0;
  /** It waits for its turn, rather than for room or for `release`. */
  #isQueued = false;
  #turn = 0;
  #handledInTurn = 0;

  constructor(owner: InputOwner, turns: InputTurns) {
    this.#owner = owner;
    this.#turns = turns;
  }

  /** Whether packets wait, so that the transport is paused. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** About, of the packets that wait. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get isHeld(): boolean {
    return this.#holds > 0;
  }

  get isIdentified(): boolean {
    return this.#owner.isIdentified;
  }

  /** Handles the packet, or keeps it until its turn. */
  push(packet: EnginePacket): void {
    if (this.#waiting !== undefined) {
      this.#waiting.push(packet);
      this.#hold(packetBytes + packet.data.length);
    } else if (this.#mayHandle && this.#takeShare(packet)) {
      this.#owner.handle(packet);
    } else {
      this.#waiting = [packet];
      this.#hold(packetBytes + packet.data.length);
      this.#owner.pauseInput();
      this.wake();
    }
  }

  hold(): void {
    this.#holds += 1;
  }

  release(): void {
    this.#holds -= 1;
    this.wake();
  }

  /** What waits may have become possible to handle: the outbox has room again, or nobody holds it. */
  wake(): void {
    if (this.#isQueued || this.#waiting === undefined || !this.#mayHandle) return;
    this.#isQueued = true;
    this.#turns.queue(this);
  }

  /** Its turn: handles up to `packetsMax` while there is time. Returns whether it wants another turn. */
  run(packetsMax: number): boolean {
    this.#isQueued = false;
    for (let count = 0; this.#mayHandle; count++) {
      const packet = this.#waiting?.[this.#next];
      if (packet === undefined) break;
      if (count === packetsMax || !this.#turns.hasTime(packet.data.length)) {
        this.#isQueued = true;
        return true;
      }
      this.#take(packet);
      this.#owner.handle(packet);
    }
    if (this.#waiting === undefined) this.#owner.resumeInput();
    return false;
  }

  /** What waits will not be handled. */
  drop(): void {
    if (this.#waiting === undefined) return;
    this.#forget();
    this.#owner.resumeInput();
  }

  get #mayHandle(): boolean {
    return this.#holds === 0 && this.#owner.hasRoom;
  }

  #take(packet: EnginePacket): void {
    this.#next += 1;
    if (this.#next === this.#waiting?.length) this.#forget();
    else this.#hold(-packetBytes - packet.data.length);
  }

  #hold(changeBytes: number): void {
    this.#waitingBytes += changeBytes;
    this.#owner.onHeld();
  }

  #takeShare(packet: EnginePacket): boolean {
    const turn = this.#turns.current();
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#handledInTurn = 0;
    }
    this.#handledInTurn += 1;
    return this.#handledInTurn <= packetsPerTurn && this.#turns.hasTime(packet.data.length);
  }

  #forget(): void {
    this.#waiting = undefined;
    this.#next = 0;
    this.#hold(-this.#waitingBytes);
  }
}
