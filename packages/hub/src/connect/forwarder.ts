/**
 * Takes requests for sessions of other nodes there, and the answers back:
 *
 *     client ─► this node: Origin, Host, version, id ─► internal listener of the owner ─► session
 *
 * The checks of what a browser may do are made here, where its request came in, and of its headers the owner gets only those that its
 * transports read. Bodies are streamed, and whoever breaks off on one side is missed on the other.
 *
 * An owner that can't be reached, or says nothing for a second, has lost its sessions as far as the client is concerned: it is told that
 * its session is unknown, connects anew, and gets from the log what it missed. A poll may wait longer than that for its answer, so the owner says at
 * once that it has it (102). If the owner ends or freezes later, the table of nodes tells, and what is open there is given up.
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { handshakeErrors } from '@parley/protocol';
import type { Cancel, Clock } from '../lib/clock.ts';
import { Deadlines } from '../lib/deadlines.ts';
import { discardBody } from './body.ts';
import type { Seal } from './forward-seal.ts';
import { sealHeader } from './forward-seal.ts';
import { forwardPath } from './internal-listener.ts';
import type { ConnectOptions, RefusalReason } from './options.ts';
import { answerError, rejectUpgrade } from './respond.ts';
import type { SessionOwner, SessionOwners } from './session-owners.ts';
import { SocketPipes } from './socket-pipes.ts';

/** For the owner to show that it is there. */
const ownerTimeoutMs = 1000;
/** How often the table of nodes is looked at for the owners of what is open. */
const watchIntervalMs = 1000;
/** Connections without a request are closed here, before the owner does it (65 s) while one is just sent. */
const idleSocketMs = 30_000;

/** What the transports of the owner read. */
const passedHeaders = ['content-length', 'content-encoding'];
const passedUpgradeHeaders = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol', 'sec-websocket-extensions'];
const answerHeaders = ['content-type', 'content-length', 'cache-control'];
const upgradeAnswerHeaders = ['sec-websocket-accept', 'sec-websocket-protocol'];

/** Only the internal listener itself answers so; it does not believe that this is a node of its cluster. */
const sealRefused = 403;

/** An address of IPv6 stands in brackets. */
const addressForm = /^\[?(.*?)\]?:(\d+)$/;

export interface ForwarderDeps {
  readonly options: ConnectOptions;
  readonly clock: Clock;
  readonly owners: SessionOwners;
  readonly seal: Seal;
  readonly onRefused: (reason: RefusalReason) => void;
}

/** One request, or one upgraded socket, at another node. */
interface Forward {
  readonly owner: SessionOwner;
  readonly upstream: ClientRequest;
  /** Tells the client, as far as it can still be told, that there is no such session. */
  readonly tellUnknown: () => void;
  /** Half of the time is over in which the owner has to show that it is there. */
  isLate: boolean;
}

export class Forwarder {
  readonly #deps: ForwarderDeps;
  readonly #agent = new Agent({ keepAlive: true, timeout: idleSocketMs });
  readonly #open = new Set<Forward>();
  readonly #silence: Deadlines<Forward>;
  readonly #pipes: SocketPipes;
  #cancelWatch: Cancel | undefined;
  #isClosed = false;

  constructor(deps: ForwarderDeps) {
    this.#deps = deps;
    this.#pipes = new SocketPipes(deps.clock, deps.options.closeTimeoutMs);
    // In two halves: if it was this node that stood still, what the owner has said meanwhile is read before the second one is over.
    this.#silence = new Deadlines(deps.clock, ownerTimeoutMs / 2, (forward) => {
      if (forward.isLate) this.#giveUp(forward);
      else this.#startSecondHalf(forward);
    });
  }

  /** Each holds a connection to another node, so their number is limited. */
  get isFull(): boolean {
    return this.#open.size >= this.#deps.options.forwardedMax;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Lets the owner answer a request that names a session of its own. */
  request(owner: SessionOwner, sid: string, req: IncomingMessage, res: ServerResponse): void {
    const upstream = this.#send(owner, sid, req.method ?? 'GET', pick(req, passedHeaders));
    const forward = this.#begin(owner, upstream, () => {
      req.unpipe(upstream);
      discardBody(req, this.#deps.options.packetBytesMax);
      if (res.headersSent) res.destroy();
      else answerError(res, 'sessionUnknown');
    });
    upstream.on('response', (answer) => {
      if (answer.statusCode === sealRefused) {
        this.#giveUp(forward);
        return;
      }
      answer.on('error', () => this.#giveUp(forward));
      res.writeHead(answer.statusCode ?? 502, pick(answer, answerHeaders));
      answer.pipe(res);
    });
    res.on('close', () => {
      this.#end(forward);
      if (!res.writableFinished) upstream.destroy();
    });
    if (req.method === 'GET' || req.method === 'HEAD') upstream.end();
    else this.#sendBody(req, upstream);
  }

  /** Lets the owner answer a request to upgrade, and then connects the two sockets. */
  upgrade(owner: SessionOwner, sid: string, req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const headers = { ...pick(req, passedUpgradeHeaders), Connection: 'Upgrade', Upgrade: 'websocket' };
    const upstream = this.#send(owner, sid, 'GET', headers);
    let isAnswered = false;
    const forward = this.#begin(owner, upstream, () => {
      const { code, message, httpStatus } = handshakeErrors.sessionUnknown;
      if (isAnswered) socket.destroy();
      else rejectUpgrade(socket, httpStatus, { code, message });
    });
    upstream.on('upgrade', (answer, ownerSocket: Duplex, ownerHead: Buffer) => {
      isAnswered = true;
      socket.write(headOf(answer, 'Connection: Upgrade\r\nUpgrade: websocket\r\n', upgradeAnswerHeaders));
      this.#pipes.join(socket, head, ownerSocket, ownerHead);
    });
    upstream.on('response', (answer) => {
      if (answer.statusCode === sealRefused || !socket.writable) {
        this.#giveUp(forward);
        return;
      }
      isAnswered = true;
      answer.on('error', () => this.#giveUp(forward));
      socket.write(headOf(answer, 'Connection: close\r\n', answerHeaders));
      socket.once('finish', () => socket.destroy());
      answer.pipe(socket);
    });
    socket.on('close', () => {
      this.#end(forward);
      upstream.destroy();
    });
    upstream.end();
  }

  /** Gives up what is open, and takes nothing more. */
  close(): void {
    this.#isClosed = true;
    for (const forward of this.#open) this.#giveUp(forward);
    this.#agent.destroy();
  }

  #send({ address }: SessionOwner, sid: string, method: string, headers: Record<string, string>): ClientRequest {
    const path = forwardPath(sid);
    const [, host = '', port = ''] = addressForm.exec(address) ?? [];
    return request({
      ...{ agent: this.#agent, host, port: Number(port), method, path },
      headers: { ...headers, [sealHeader]: this.#deps.seal(method, path) },
    });
  }

  #sendBody(req: IncomingMessage, upstream: ClientRequest): void {
    req.pipe(upstream);
    // The owner is to show that it is there, however slowly the body comes. Most bodies come with their headers and can leave with them.
    this.#deps.clock.endOfTurn(() => {
      if (!upstream.headersSent) upstream.flushHeaders();
    });
    req.on('close', () => {
      if (!req.complete) upstream.destroy();
    });
    // The owner has answered that a body is too large, and in the end has enough of it.
    upstream.on('response', () => {
      upstream.on('close', () => {
        if (!req.complete) req.destroy();
      });
    });
  }

  #begin(owner: SessionOwner, upstream: ClientRequest, tellUnknown: () => void): Forward {
    const forward: Forward = { owner, upstream, tellUnknown, isLate: false };
    this.#open.add(forward);
    this.#silence.start(forward);
    this.#cancelWatch ??= this.#deps.clock.after(watchIntervalMs, () => this.#watch());
    for (const sign of ['information', 'response', 'upgrade']) upstream.on(sign, () => this.#silence.stop(forward));
    upstream.on('error', () => this.#giveUp(forward));
    return forward;
  }

  #startSecondHalf(forward: Forward): void {
    forward.isLate = true;
    this.#silence.start(forward);
  }

  /** False: it was over before. */
  #end(forward: Forward): boolean {
    this.#silence.stop(forward);
    const isOpen = this.#open.delete(forward);
    if (this.#open.size === 0) {
      // An idle timer would keep the process alive.
      this.#cancelWatch?.();
      this.#cancelWatch = undefined;
    }
    return isOpen;
  }

  #giveUp(forward: Forward): void {
    if (!this.#end(forward)) return;
    this.#deps.onRefused('owner_gone');
    forward.tellUnknown();
    forward.upstream.destroy();
  }

  #watch(): void {
    this.#cancelWatch = this.#deps.clock.after(watchIntervalMs, () => this.#watch());
    for (const forward of this.#open) if (!this.#deps.owners.isLive(forward.owner)) this.#giveUp(forward);
  }
}

function pick({ headers }: IncomingMessage, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

function headOf(answer: IncomingMessage, first: string, names: readonly string[]): string {
  const { statusCode = 502 } = answer;
  const lines = Object.entries(pick(answer, names)).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n${first}${lines.join('')}\r\n`;
}
