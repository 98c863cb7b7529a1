/**
 * The WebSocket transport. `ws` does the handshake, parses what comes and closes; what goes out are
 * finished frames, written to the socket beside it. That is sound because compression is off, so that `ws`
 * writes its own control frames whole and at once, and because nothing is written once it has begun to close.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { decodeEnginePacket, HubError, toFailure } from '@parley/protocol';
import type { RawData, WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { eventPacket } from '../lib/event-packet.ts';
import type { CloseReason } from '../ports/connection.ts';
import type { FrameJoiner } from './flusher.ts';
import type { ConnectOptions } from './options.ts';
import type { Outgoing } from './outgoing.ts';
import { answerError } from './respond.ts';
import type { Transport, TransportListener } from './transport.ts';
import { noListener } from './transport.ts';

/** Above this, frames are handed over one by one in a single `writev`: copying would cost more than it saves. */
const joinBytesMax = 16_384;

/** A peer may ask for pongs (WebSocket's own) without reading them. */
const unreadBytesForPongMax = 65_536;

const noBytes = Buffer.alloc(0);
const noPackets: readonly Outgoing[] = [];

const closeCodeTooLarge = 1009;
const packetTooLarge = eventPacket('error', toFailure(new HubError('packet_too_large')));

const closeCodes: Readonly<Partial<Record<CloseReason, number>>> = {
  'parse error': 1002,
  'server shutting down': 1001,
};

export class WebSocketTransport implements Transport {
  readonly name = 'websocket';
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #joiner: FrameJoiner;
  listener: TransportListener = noListener;
  #isAwaitingTaken = false;
  #incompleteBytes = 0;

  constructor(ws: WebSocket, socket: Duplex, joiner: FrameJoiner) {
    this.#ws = ws;
    this.#socket = socket;
    this.#joiner = joiner;
    // Before the listener of `ws`, which puts messages together from chunks.
    socket.prependListener('data', this.#onChunk);
    ws.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    ws.on('ping', (data) => {
      if (socket.writableLength <= unreadBytesForPongMax) ws.pong(data);
    });
    this.#tellOfTooLarge();
    ws.on('error', () => this.listener.onEnd('parse error'));
    ws.on('close', () => this.listener.onEnd('transport close'));
  }

  get incompleteBytes(): number {
    return this.#incompleteBytes;
  }

  get writable(): boolean {
    return this.#ws.readyState === this.#ws.OPEN;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  write(packets: readonly Outgoing[]): readonly Outgoing[] {
    const [first] = packets;
    if (packets.length === 1 && first !== undefined) this.#socket.write(first.frames);
    else if (sizeOf(packets) <= joinBytesMax) this.#socket.write(this.#joiner.join(packets));
    else this.#writeApart(packets);
    this.#awaitTaken();
    return noPackets;
  }

  trust(isKnown: boolean): void {
    this.#socket.off('data', this.#onChunk);
    if (!isKnown) this.#socket.prependListener('data', this.#onChunk);
    this.#incompleteBytes = 0;
  }

  /** `ws` still hands out the rest of a chunk that it has taken. */
  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  handleRequest(_req: IncomingMessage, res: ServerResponse): void {
    answerError(res, 'badRequest');
  }

  close(reason: CloseReason): void {
    // A peer that no longer reads would not answer a closing handshake either.
    if (reason === 'ping timeout' || reason === 'transport error') this.#ws.terminate();
    else this.#ws.close(closeCodes[reason] ?? 1000);
  }

  /** `ws` closes before it tells of the error, and after that nothing can be written. */
  #tellOfTooLarge(): void {
    const close = this.#ws.close.bind(this.#ws);
    this.#ws.close = (code, reason) => {
      if (code === closeCodeTooLarge && this.writable) this.write([packetTooLarge]);
      close(code, reason);
    };
  }

  #writeApart(packets: readonly Outgoing[]): void {
    this.#socket.cork();
    for (const { frames } of packets) this.#socket.write(frames);
    this.#socket.uncork();
  }

  /**
   * The operating system takes most writes at once, and Node does more for a write that has a callback. So only behind
   * what waits there is an empty write, which calls back when its turn has come.
   */
  #awaitTaken(): void {
    if (this.#isAwaitingTaken || this.#socket.writableLength === 0) return;
    this.#isAwaitingTaken = true;
    this.#socket.write(noBytes, (error) => {
      // Of a socket that is gone `onEnd` tells.
      if (error) return;
      this.#isAwaitingTaken = false;
      this.listener.onTaken();
      this.#awaitTaken();
    });
  }

  readonly #onChunk = (chunk: Buffer): void => {
    this.#incompleteBytes += chunk.length;
    this.listener.onHeld();
  };

  #onMessage(data: RawData, isBinary: boolean): void {
    // The only form in which `ws` hands out messages, unless told otherwise.
    if (!Buffer.isBuffer(data)) return;
    this.#incompleteBytes = 0;
    if (isBinary) {
      this.listener.onPacket({ type: 'message', data });
      return;
    }
    const text = data.toString();
    // Base64 is for polling: here it would be a second spelling of a binary frame.
    const packet = text.startsWith('b') ? undefined : decodeEnginePacket(text);
    if (packet === undefined) this.listener.onEnd('parse error');
    else this.listener.onPacket(packet);
  }
}

const sizeOf = (packets: readonly Outgoing[]): number => packets.reduce((sum, packet) => sum + packet.frames.length, 0);

/** `ws` with our limits. The rest of its defaults hold: UTF-8 is checked, fragments and buffered chunks are bounded. */
export function createWebSocketServer(options: ConnectOptions): WebSocketServer {
  const wsOptions = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: options.packetBytesMax,
    // No client fragments a message of at most 1 MB into more than this; each fragment costs memory of its own.
    maxFragments: 1024,
    // The published types do not know it yet.
    closeTimeout: options.closeTimeoutMs,
  };
  return new WebSocketServer(wsOptions);
}
