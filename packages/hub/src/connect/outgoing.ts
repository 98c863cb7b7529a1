import { binaryFrame, binaryRecord, textFrame } from '../lib/outgoing-packet.ts';

/** What a session can send, in the form of each transport: finished WebSocket frames, and records of a polling body. An `OutgoingPacket` is one. */
export interface Outgoing {
  readonly frames: Buffer;
  readonly payload: string;
}

/** A binary Engine.IO message of its own, which Socket.IO does not know. */
export function binaryMessage(bytes: Uint8Array): Outgoing {
  return { frames: binaryFrame(bytes), payload: binaryRecord(bytes) };
}

/** An Engine.IO packet from its text form. */
export function enginePacket(text: string): Outgoing {
  return { frames: textFrame(text), payload: text };
}

export const closePacket = enginePacket('1');
export const pingPacket = enginePacket('2');
export const probePongPacket = enginePacket('3probe');
export const noopPacket = enginePacket('6');

/** What a session has not handed to a transport yet, in order. */
export class PacketQueue {
  #packets: Outgoing[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#packets.length === 0;
  }

  /** Counted as WebSocket frames, whatever the transport: a session may change it. */
  get bytes(): number {
    return this.#bytes;
  }

  push(packet: Outgoing): void {
    this.#packets.push(packet);
    this.#bytes += packet.frames.length;
  }

  /** Offers all packets to `take`, which takes some from the front and says how many. */
  offer(take: (packets: readonly Outgoing[]) => number): void {
    const packets = this.#packets;
    const taken = take(packets);
    // The taken array may be kept by whoever took it, so it is not emptied.
    this.#packets = packets.slice(taken);
    this.#bytes = this.#packets.reduce((sum, packet) => sum + packet.frames.length, 0);
  }

  clear(): void {
    this.#packets = [];
    this.#bytes = 0;
  }
}
