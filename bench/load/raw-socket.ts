/** One WebSocket connection of the load generator, on a bare TCP socket. */
import { connect, type Socket } from 'node:net';
import { clientFrame, opcodes } from './client-frame.ts';
import { type FrameListener, FrameScanner, type Prefixes } from './frame-scanner.ts';

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface RawSocketListener extends Omit<FrameListener, 'onPing'> {
  /** The WebSocket handshake is done. */
  onOpen(): void;
  /** The server answered the handshake with another status than 101, or the connection broke. */
  onEnd(reason: string): void;
}

/** All sockets read into this one: what was read is handled before the next read. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);
/** RFC 6455 asks for a random key so that proxies are not fooled; there are none here, and servers only hash it. */
const handshakeKey = 'cGFybGV5LWJlbmNobWFyaw==';
const endOfHead = Buffer.from('\r\n\r\n');

export class RawSocket {
  readonly #socket: Socket;
  readonly #listener: RawSocketListener;
  readonly #scanner: FrameScanner;
  /** What is written together at the end of this turn. */
  #pending: Buffer[] = [];
  #head: Buffer | undefined = Buffer.alloc(0);
  #isEnded = false;

  constructor(address: Address, path: string, prefixes: Prefixes, listener: RawSocketListener) {
    this.#listener = listener;
    this.#scanner = new FrameScanner(prefixes, {
      onDelivery: () => listener.onDelivery(),
      onAcknowledged: () => listener.onAcknowledged(),
      onText: (text) => listener.onText(text),
      onPing: (payload) => this.send(clientFrame(payload, opcodes.pong)),
    });
    this.#socket = connect({
      ...address,
      noDelay: true,
      onread: { buffer: readBuffer, callback: (bytes) => this.#onBytes(readBuffer.subarray(0, bytes)) },
    });
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end('the server closed the connection'));
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${address.host}:${address.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${handshakeKey}\r\n\r\n`,
    );
  }

  /** A frame made by `clientFrame`, or several in one buffer. */
  send(frames: Buffer): void {
    if (this.#pending.push(frames) === 1) process.nextTick(() => this.#flush());
  }

  /** Without a closing handshake: a server sees a client that is gone. The listener hears nothing more. */
  destroy(): void {
    this.#isEnded = true;
    this.#socket.destroy();
  }

  #flush(): void {
    const [first] = this.#pending;
    if (first === undefined || this.#isEnded) return;
    this.#socket.write(this.#pending.length === 1 ? first : Buffer.concat(this.#pending));
    this.#pending = [];
  }

  /** Returns true: go on reading. */
  #onBytes(chunk: Buffer): boolean {
    if (this.#head === undefined) this.#scanner.feed(chunk);
    else this.#onHead(Buffer.concat([this.#head, chunk]));
    return true;
  }

  #onHead(head: Buffer): void {
    const end = head.indexOf(endOfHead);
    if (end < 0) {
      this.#head = head;
      return;
    }
    const status = head.toString('latin1', 9, 12);
    if (status !== '101') {
      this.#end(`HTTP ${status}`);
      return;
    }
    this.#head = undefined;
    this.#listener.onOpen();
    if (head.length > end + endOfHead.length) this.#scanner.feed(head.subarray(end + endOfHead.length));
  }

  #end(reason: string): void {
    if (this.#isEnded) return;
    this.destroy();
    this.#listener.onEnd(reason);
  }
}
