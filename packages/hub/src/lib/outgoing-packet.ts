import { type EnginePacket, encodeEnginePacket, joinRecords } from '@parley/protocol';
import { binaryFrame, messageFrames } from './websocket-frames.ts';

/** What a connection can be given to send. */
export type OutgoingPackets = OutgoingPacket | OutgoingRun;

/**
 * One Socket.IO packet on its way out, shared by all its receivers (invariant I9): the text is made
 * once, and so is each transport's form of it, at first use.
 */
export class OutgoingPacket {
  /** The Socket.IO packet, such as `2["message",{…}]`, without the Engine.IO type. */
  readonly text: string;
  /** Binary attachments that follow the text, in the order of their placeholders. Almost always empty. */
  readonly attachments: readonly Uint8Array[];
  #frames: Buffer | undefined;
  #payload: string | undefined;

  constructor(text: string, attachments: readonly Uint8Array[] = []) {
    this.text = text;
    this.attachments = attachments;
  }

  get packets(): readonly [OutgoingPacket] {
    return [this];
  }

  /** The finished WebSocket frames of this packet. Must not be changed. */
  get frames(): Buffer {
    this.#frames ??= this.#encodeFrames();
    return this.#frames;
  }

  /** This packet as records of a polling body: its text, then its attachments. */
  get payload(): string {
    this.#payload ??= joinRecords([this.text, ...this.attachments].map((data) => encodeEnginePacket(message(data))));
    return this.#payload;
  }

  #encodeFrames(): Buffer {
    const text = messageFrames([this.text]);
    return this.attachments.length === 0 ? text : Buffer.concat([text, ...this.attachments.map(binaryFrame)]);
  }
}

/**
 * Several packets without attachments that are sent one after the other. Their frames are one buffer, so that a room's members
 * share the work of joining them; what only polling needs is made for polling only.
 */
export class OutgoingRun {
  readonly #texts: readonly string[];
  #frames: Buffer | undefined;
  #packets: readonly OutgoingPacket[] | undefined;

  /** Takes the text of each packet. */
  constructor(texts: readonly string[]) {
    this.#texts = texts;
  }

  get packets(): readonly OutgoingPacket[] {
    this.#packets ??= this.#texts.map((text) => new OutgoingPacket(text));
    return this.#packets;
  }

  /** As `OutgoingPacket.frames`, of all packets. */
  get frames(): Buffer {
    this.#frames ??= messageFrames(this.#texts);
    return this.#frames;
  }
}

const message = (data: string | Uint8Array): EnginePacket => ({ type: 'message', data });
