/**
 * Finds the frames in what a server sends without making a string of most of them: a frame that begins with a known
 * prefix is counted and skipped, only the others are read. So the generator costs less than any server that it measures.
 */
import { opcodes } from './client-frame.ts';

export interface FrameListener {
  /** A frame with the prefix of a delivery. */
  onDelivery(): void;
  /** A frame with the prefix of an acknowledgement that says success. */
  onAcknowledged(): void;
  /** Any other text frame. */
  onText(text: string): void;
  onPing(payload: Buffer): void;
}

/** How the two kinds of frames that are only counted begin. An empty prefix fits every text frame, undefined none. */
export interface Prefixes {
  readonly delivery: Buffer | undefined;
  readonly acknowledged: Buffer | undefined;
}

export const prefix = (text: string): Buffer => Buffer.from(text);

const nothing: Buffer = Buffer.alloc(0);

export class FrameScanner {
  readonly #prefixes: Prefixes;
  readonly #prefixBytesMax: number;
  readonly #listener: FrameListener;
  /** The beginning of a frame whose rest has not come. */
  #rest: Buffer = nothing;
  /** Bytes of a counted frame that are still to come. */
  #skip = 0;

  constructor(prefixes: Prefixes, listener: FrameListener) {
    this.#prefixes = prefixes;
    this.#prefixBytesMax = Math.max(prefixes.delivery?.length ?? 0, prefixes.acknowledged?.length ?? 0);
    this.#listener = listener;
  }

  /** `chunk` is not kept: it may be overwritten afterwards. */
  feed(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = nothing;
    let at = this.#skip;
    while (at < bytes.length) {
      const next = this.#frameAt(bytes, at);
      if (next === undefined) {
        this.#rest = Buffer.from(bytes.subarray(at));
        at = bytes.length;
      } else {
        at = next;
      }
    }
    this.#skip = at - bytes.length;
  }

  /** Handles the frame at `at` and returns where the next one begins; undefined if not enough of it is there. */
  #frameAt(bytes: Buffer, at: number): number | undefined {
    if (bytes.length - at < 2) return undefined;
    const opcode = (bytes[at] ?? 0) & 15;
    const shortLength = (bytes[at + 1] ?? 0) & 127;
    const start = at + (shortLength < 126 ? 2 : shortLength === 126 ? 4 : 10);
    if (bytes.length < start) return undefined;
    const length = shortLength < 126 ? shortLength : shortLength === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6);
    if (bytes.length < start + Math.min(length, this.#prefixBytesMax)) return undefined;

    if (opcode === opcodes.text && this.#fits(this.#prefixes.delivery, bytes, start, length)) this.#listener.onDelivery();
    else if (opcode === opcodes.text && this.#fits(this.#prefixes.acknowledged, bytes, start, length)) this.#listener.onAcknowledged();
    else if (bytes.length < start + length) return undefined;
    else if (opcode === opcodes.text) this.#listener.onText(bytes.toString('utf8', start, start + length));
    else if (opcode === opcodes.ping) this.#listener.onPing(Buffer.from(bytes.subarray(start, start + length)));
    return start + length;
  }

  #fits(wanted: Buffer | undefined, bytes: Buffer, start: number, length: number): boolean {
    if (wanted === undefined || length < wanted.length) return false;
    // A loop: for so few bytes Buffer.compare costs more than it saves.
    for (let index = wanted.length - 1; index >= 0; index--) if (bytes[start + index] !== wanted[index]) return false;
    return true;
  }
}
