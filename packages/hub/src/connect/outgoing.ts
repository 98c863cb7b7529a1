import { type EnginePacket, encodeEnginePacket } from '@parley/protocol';
import { binaryFrame, textFrame } from '../lib/websocket-frames.ts';

/** What a session can send: one packet or several. `OutgoingPackets` are, and so is an `OutgoingEnginePacket`. */
export interface Outgoing {
  /** Finished WebSocket frames of all of it. */
  readonly frames: Buffer;
  /** One by one, for a transport that takes only so many. */
  readonly packets: readonly SinglePacket[];
}

export interface SinglePacket extends Outgoing {
  /** The records of a polling body that it becomes. */
  readonly payload: string;
}

/** An Engine.IO packet of its own, which Socket.IO does not know. */
export class OutgoingEnginePacket implements SinglePacket {
  readonly frames: Buffer;
  readonly payload: string;

  constructor(packet: EnginePacket) {
    this.payload = encodeEnginePacket(packet);
    this.frames = typeof packet.data === 'string' ? textFrame(this.payload) : binaryFrame(packet.data);
  }

  get packets(): readonly [SinglePacket] {
    return [this];
  }
}

export const closePacket = new OutgoingEnginePacket({ type: 'close', data: '' });
export const pingPacket = new OutgoingEnginePacket({ type: 'ping', data: '' });
export const probePongPacket = new OutgoingEnginePacket({ type: 'pong', data: 'probe' });
export const noopPacket = new OutgoingEnginePacket({ type: 'noop', data: '' });

/** What a session has not handed to a transport yet, in order. */
export class PacketQueue {
  /** Made anew after each write: most sessions have nothing queued most of the time, and a write may keep what it was given. */
  #packets: Outgoing[] | undefined;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#packets === undefined;
  }

  get packets(): readonly Outgoing[] {
    return this.#packets ?? [];
  }

  /** Counted as WebSocket frames, whatever the transport: a session may change it. */
  get bytes(): number {
    return this.#bytes;
  }

  push(packet: Outgoing): void {
    if (this.#packets === undefined) this.#packets = [packet];
    else this.#packets.push(packet);
    this.#bytes += packet.frames.length;
  }

  /** Everything else was taken. */
  keep(left: readonly Outgoing[]): void {
    this.#packets = left.length === 0 ? undefined : [...left];
    this.#bytes = left.reduce((sum, packet) => sum + packet.frames.length, 0);
  }
}
