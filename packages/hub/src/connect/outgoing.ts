import { binaryFrame, binaryRecord, textFrame } from '../lib/outgoing-packet.ts';

/** What a session can send, in the form of each transport: finished WebSocket frames, and records of a polling body. `OutgoingPackets` are. */
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

  /** The first `count` packets were taken. */
  drop(count: number): void {
    const left = this.packets.length > count ? this.packets.slice(count) : undefined;
    this.#packets = left;
    this.#bytes = left?.reduce((sum, packet) => sum + packet.frames.length, 0) ?? 0;
  }
}
