/** Engine.IO over HTTP long-polling, on connections of our own: one GET and one POST at a time. */
import { Agent, type ClientRequest, request } from 'node:http';
import type { UpgradeStep } from './link.ts';
import { WebSocketWire } from './websocket-wire.ts';
import { hungMs, type Wire, type WireHandlers } from './wire.ts';

const separator = '\x1e';

export class PollingWire implements Wire {
  readonly #port: number;
  /** For each request after the first. */
  readonly #nextPort: () => number;
  readonly #agent = new Agent({ keepAlive: true });
  #handlers: WireHandlers | undefined;
  #sid = '';
  readonly #outgoing: string[] = [];
  #isPosting = false;
  #isPolling = false;
  #isPaused = false;
  /** Set while an upgrade waits for the last poll and the last post to be answered. */
  #whenQuiet: (() => void) | undefined;

  constructor(port: number, handlers: WireHandlers, anyPort: (() => number) | undefined) {
    this.#port = port;
    this.#nextPort = anyPort ?? (() => port);
    this.#handlers = handlers;
    this.#poll();
  }

  send(text: string): void {
    this.#outgoing.push(text);
    setImmediate(() => this.#post());
  }

  /** The hub sees it only if a request is open. */
  reset(): boolean {
    this.#handlers = undefined;
    this.#agent.destroy();
    return true;
  }

  hang(): void {
    this.#handlers = undefined;
    setTimeout(() => this.#agent.destroy(), hungMs).unref();
  }

  /** Polls no more; an open poll may still be answered. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#poll();
  }

  /** Tries to change to a WebSocket, and breaks off at `until`. Calls `onDone` with the new wire, or without one if the session died of it. */
  upgrade(until: UpgradeStep, handlers: WireHandlers, onDone: (wire: Wire | undefined) => void): void {
    let isOver = false;
    const stop = (): void => {
      isOver = true;
      wire.reset();
    };
    const onPacket = (text: string): void => {
      if (isOver || text !== '3probe') {
        if (isOver) handlers.onPacket(text);
        return;
      }
      if (until === 'probed') {
        stop();
        return;
      }
      this.#isPaused = true;
      this.#whenQuiet = () => {
        wire.send('5');
        isOver = true;
        this.#handlers = undefined;
        this.#agent.destroy();
        if (until === 'done') {
          onDone(wire);
          return;
        }
        setImmediate(() => wire.reset());
        onDone(undefined);
      };
      this.#checkQuiet();
    };
    const onOpen = (): void => {
      if (until === 'open') {
        stop();
        return;
      }
      wire.send('2probe');
      if (until === 'probing') setImmediate(stop);
    };
    // Before the change the end of the attempt is nobody's; after it, it is the session's.
    const onEnd = (): void => {
      if (isOver) handlers.onEnd();
      else this.#giveUpUpgrade();
    };
    const wire = new WebSocketWire(this.#nextPort(), `&sid=${this.#sid}`, { onPacket, onEnd }, onOpen);
    if (until === 'connecting') setImmediate(stop);
  }

  #giveUpUpgrade(): void {
    if (this.#whenQuiet === undefined) return;
    this.#whenQuiet = undefined;
    this.resume();
  }

  #poll(): void {
    if (this.#isPolling || this.#isPaused || this.#handlers === undefined) return;
    this.#isPolling = true;
    this.#ask('GET', undefined, (body) => {
      this.#isPolling = false;
      for (const packet of body.split(separator)) this.#onPacket(packet);
      this.#checkQuiet();
      this.#poll();
    });
  }

  #post(): void {
    if (this.#isPosting || this.#outgoing.length === 0 || this.#handlers === undefined || this.#sid === '') return;
    this.#isPosting = true;
    this.#ask('POST', this.#outgoing.splice(0).join(separator), () => {
      this.#isPosting = false;
      this.#checkQuiet();
      this.#post();
    });
  }

  #checkQuiet(): void {
    if (this.#whenQuiet === undefined || this.#isPolling || this.#isPosting || this.#outgoing.length > 0) return;
    const whenQuiet = this.#whenQuiet;
    this.#whenQuiet = undefined;
    whenQuiet();
  }

  #onPacket(packet: string): void {
    if (packet.startsWith('0')) this.#sid = /"sid":"([^"]+)"/.exec(packet)?.[1] ?? '';
    this.#handlers?.onPacket(packet);
  }

  #ask(method: string, body: string | undefined, onBody: (body: string) => void): void {
    const sid = this.#sid === '' ? '' : `&sid=${this.#sid}`;
    const path = `/socket.io/?EIO=4&transport=polling${sid}`;
    const headers = body === undefined ? {} : { 'content-type': 'text/plain;charset=UTF-8', 'content-length': Buffer.byteLength(body) };
    const port = this.#sid === '' ? this.#port : this.#nextPort();
    const asked: ClientRequest = request({ host: '127.0.0.1', port, agent: this.#agent, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', () => this.#end());
      response.on('end', () => {
        if (this.#handlers === undefined) return;
        if (response.statusCode === 200) onBody(text);
        else this.#end();
      });
    });
    asked.on('error', () => this.#end());
    asked.end(body);
  }

  #end(): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    this.#agent.destroy();
    handlers?.onEnd();
  }
}
