/** Engine.IO over a WebSocket, on a socket of our own. */
import { connect, type Socket } from 'node:net';
import { encodeFrame, FrameReader, opcodes } from './frames.ts';
import { hungMs, type Wire, type WireHandlers } from './wire.ts';

/** Any 16 bytes do; the answer is not checked, since the hub is ours. */
const webSocketKey = 'dGhlIHNhbXBsZSBub25jZQ==';

export class WebSocketWire implements Wire {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #onOpen: () => void;
  #handlers: WireHandlers | undefined;
  /** Bytes of the HTTP answer, until it is complete. */
  #answer: Buffer | undefined = Buffer.alloc(0);
  #isCorked = false;

  /** `query`: what follows `EIO=4&transport=websocket`. */
  constructor(port: number, query: string, handlers: WireHandlers, onOpen: () => void = () => {}) {
    this.#handlers = handlers;
    this.#onOpen = onOpen;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.write(
      `GET /socket.io/?EIO=4&transport=websocket${query} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\n` +
        `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${webSocketKey}\r\n\r\n`,
    );
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => this.#end());
  }

  /** What is sent in one turn leaves in one write. */
  send(text: string): void {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(encodeFrame(opcodes.text, Buffer.from(text)));
  }

  reset(): boolean {
    this.#handlers = undefined;
    this.#socket.resetAndDestroy();
    return false;
  }

  hang(): void {
    this.#handlers = undefined;
    this.#socket.pause();
    setTimeout(() => this.#socket.destroy(), hungMs).unref();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #onData(chunk: Buffer): void {
    const bytes = this.#answer === undefined ? chunk : this.#afterAnswer(chunk);
    if (bytes === undefined) return;
    for (const { opcode, payload } of this.#reader.read(bytes)) {
      if (opcode === opcodes.text) this.#handlers?.onPacket(payload.toString());
      else if (opcode === opcodes.ping) this.#socket.write(encodeFrame(opcodes.pong, payload));
      else if (opcode === opcodes.close) this.#socket.destroy();
    }
  }

  /** The bytes behind the HTTP answer once it is complete. */
  #afterAnswer(chunk: Buffer): Buffer | undefined {
    const answer = Buffer.concat([this.#answer ?? Buffer.alloc(0), chunk]);
    const end = answer.indexOf('\r\n\r\n');
    if (end < 0) {
      this.#answer = answer;
      return undefined;
    }
    if (!answer.subarray(0, 12).toString().endsWith('101')) {
      this.#socket.destroy();
      return undefined;
    }
    this.#answer = undefined;
    this.#onOpen();
    return answer.subarray(end + 4);
  }

  #end(): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.onEnd();
  }
}
