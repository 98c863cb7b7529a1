/**
 * The Engine.IO server: finds or makes the session of each request. It does not listen itself, see `attach`.
 *
 * Everything that comes from outside enters here, so what the checks below let pass is: the right version, a known transport,
 * an allowed origin, and either a known session or room for a new one.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HandshakeErrorName } from '@parley/protocol';
import { HubError, handshakeErrors, toFailure } from '@parley/protocol';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../lib/clock.ts';
import { Deadlines } from '../lib/deadlines.ts';
import type { CloseReason } from '../ports/connection.ts';
import { accessProblem } from './access.ts';
import { Admission } from './admission.ts';
import { ClientAddresses, subscriberOf } from './client-address.ts';
import { answerPreflight, setCorsHeaders } from './cors.ts';
import type { OpenSession } from './engine-session.ts';
import { EngineSession } from './engine-session.ts';
import type { Forwarder } from './forwarder.ts';
import type { EngineRequest } from './handshake.ts';
import { readEngineRequest, sessionOrigin } from './handshake.ts';
import type { ConnectHooks, ConnectOptions, RefusalReason } from './options.ts';
import { PollingTransport } from './polling.ts';
import { protocol3Payload, protocol3Refusal } from './protocol-3.ts';
import { answerJson, answerText, ignoreErrors, rejectUpgrade } from './respond.ts';
import { SessionContext } from './session-context.ts';
import type { SessionOwner, SessionOwners } from './session-owners.ts';
import type { Transport } from './transport.ts';
import { Upgrade } from './upgrade.ts';
import { createWebSocketServer, WebSocketTransport } from './websocket.ts';

export interface EngineDeps {
  readonly options: ConnectOptions;
  readonly clock: Clock;
  readonly hooks: ConnectHooks;
  readonly openSession: OpenSession;
  readonly owners: SessionOwners;
  /** Undefined: alone. */
  readonly forwarder: Forwarder | undefined;
}

/** For a session of another node. */
interface Elsewhere {
  readonly owner: SessionOwner;
  readonly sid: string;
  readonly forwarder: Forwarder;
}

interface Refused {
  readonly reason: RefusalReason;
  readonly status: number;
  readonly body: object;
}

export class EngineServer {
  readonly #deps: EngineDeps;
  readonly #sessions = new Map<string, EngineSession>();
  readonly #context: SessionContext<EngineSession>;
  readonly #upgradeTimeout: Deadlines<Upgrade>;
  readonly #webSockets: WebSocketServer;
  readonly #admission: Admission;
  readonly #addresses: ClientAddresses;
  /** Set by `close`: resolves it when the last session has ended. */
  #onEmpty: (() => void) | undefined;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    this.#context = new SessionContext(deps.clock, deps.options, {
      onClosed: (session, reason) => this.#onClosed(session, reason),
      onDisplaced: () => deps.hooks.onDisplaced?.(),
    });
    this.#addresses = new ClientAddresses(deps.options.trustedProxies);
    this.#upgradeTimeout = new Deadlines(deps.clock, deps.options.upgradeTimeoutMs, (upgrade) => upgrade.abort());
    this.#webSockets = createWebSocketServer(deps.options);
    this.#admission = new Admission(deps.clock);
  }

  get path(): string {
    return this.#deps.options.path;
  }

  /** Sessions that have not ended, identified or not. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Sessions whose client has not registered. */
  get strangerCount(): number {
    return this.#context.strangers.count;
  }

  /** While memory is short, strangers go, nobody new comes, and little may wait for the others. */
  saveMemory(isShort: boolean): void {
    this.#context.isShort = isShort;
    if (isShort) this.#context.strangers.displaceAll();
  }

  /** What waits to be taken by all clients together. */
  get bufferedBytes(): number {
    return this.#context.isShort ? Number.POSITIVE_INFINITY : this.#context.bufferedBytes;
  }

  /** Answers a request for `path`. */
  handleRequest(req: IncomingMessage, res: ServerResponse): void {
    const { options } = this.#deps;
    setCorsHeaders(req, res, options.corsOrigins);
    if (answerPreflight(req, res, options.corsOrigins)) return;
    const request = this.#check(req, false);
    if (request === 'protocol_3') {
      this.#deps.hooks.onRefused?.(request);
      answerText(res, protocol3Payload);
      return;
    }
    if ('reason' in request) {
      this.#refuse(request, (status, body) => answerJson(res, status, body));
      return;
    }
    if ('owner' in request) {
      request.forwarder.request(request.owner, request.sid, req, res);
      return;
    }
    if (request.sid !== undefined) {
      this.#sessions.get(request.sid)?.handleRequest(req, res);
      return;
    }
    const transport = new PollingTransport(options, (reason) => this.#deps.hooks.onRefused?.(reason));
    this.#open(req, request, transport);
    transport.handleRequest(req, res);
  }

  /** Answers a request to upgrade at `path`, with a WebSocket or an HTTP error. */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    ignoreErrors(socket);
    const request = this.#check(req, true);
    if (request !== 'protocol_3' && 'reason' in request) {
      this.#refuse(request, (status, body) => rejectUpgrade(socket, status, body));
      return;
    }
    if (request !== 'protocol_3' && 'owner' in request) {
      request.forwarder.upgrade(request.owner, request.sid, req, socket, head);
      return;
    }
    this.#acceptWebSocket(request, req, socket, head);
  }

  /** Answers a request that came in at another node, which has checked it. */
  handleForwarded(sid: string, req: IncomingMessage, res: ServerResponse): void {
    const session = this.#sessions.get(sid);
    if (session !== undefined) session.handleRequest(req, res);
    else this.#refuse(refused('sessionUnknown'), (status, body) => answerJson(res, status, body));
  }

  handleForwardedUpgrade(sid: string, req: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#sessions.has(sid)) this.#acceptWebSocket({ transport: 'websocket', sid, query: {} }, req, socket, head);
    else this.#refuse(refused('sessionUnknown'), (status, body) => rejectUpgrade(socket, status, body));
  }

  #acceptWebSocket(request: EngineRequest | 'protocol_3', req: IncomingMessage, socket: Duplex, head: Buffer): void {
    // The answer to the handshake and the greeting leave in one write.
    socket.cork();
    this.#webSockets.handleUpgrade(req, socket, head, (ws) => this.#onWebSocket(ws, req, socket, request));
    socket.uncork();
  }

  /** Closes all sessions, after what is queued for them, and takes no new ones. Resolves when the last one has ended. */
  async close(): Promise<void> {
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    this.#webSockets.close();
    for (const session of this.#sessions.values()) session.close('server shutting down');
    if (this.#sessions.size > 0) await empty;
    // Sessions of other nodes were served as long as anything was.
    this.#deps.forwarder?.close();
  }

  #check(req: IncomingMessage, isUpgrade: boolean): EngineRequest | Elsewhere | Refused | 'protocol_3' {
    const request = readEngineRequest(req, isUpgrade, this.#deps.options);
    if (request === 'protocol_3') return request;
    if (typeof request === 'string') return refused(request, accessProblem(req, this.#deps.options));
    if (request.sid !== undefined) return this.#sessions.has(request.sid) ? request : this.#elsewhere(request.sid);
    if (this.#onEmpty !== undefined) {
      return { reason: 'shutting_down', status: 503, body: toFailure(new HubError('shutting_down')) };
    }
    if (this.#context.isShort) {
      const error = new HubError('overloaded', { message: 'The hub is short of memory. Try again later.', retryAfterS: 1 });
      return { reason: 'short_of_memory', status: 503, body: toFailure(error) };
    }
    // A stranger must not take the place of somebody who comes back.
    if (this.#sessions.size >= this.#deps.options.connectionsMax && !this.#context.strangers.displaceOldest()) {
      const error = new HubError('overloaded', { message: 'The hub has reached its limit of connections. Try again later.' });
      return { reason: 'too_many_connections', status: 503, body: toFailure(error) };
    }
    if (!this.#admission.admits(subscriberOf(this.#addresses.of(req)))) {
      const error = new HubError('overloaded', { message: 'Too many clients connect at this moment. Try again.', retryAfterS: 1 });
      return { reason: 'admission', status: 503, body: toFailure(error) };
    }
    return request;
  }

  #elsewhere(sid: string): Elsewhere | Refused {
    const { owners, forwarder } = this.#deps;
    const owner = owners.ownerOf(sid);
    if (typeof owner === 'string' || forwarder === undefined || forwarder.isClosed) return refused('sessionUnknown');
    if (!forwarder.isFull) return { owner, sid, forwarder };
    const error = new HubError('overloaded', { message: 'Too many clients of other nodes come to this one. Try again later.' });
    return { reason: 'too_many_connections', status: 503, body: toFailure(error) };
  }

  #refuse({ reason, status, body }: Refused, answer: (status: number, body: object) => void): void {
    this.#deps.hooks.onRefused?.(reason);
    answer(status, body);
  }

  #onWebSocket(ws: WebSocket, req: IncomingMessage, socket: Duplex, request: EngineRequest | 'protocol_3'): void {
    const transport = new WebSocketTransport(ws, socket, this.#context.flusher.joiner);
    if (request === 'protocol_3') {
      this.#deps.hooks.onRefused?.(request);
      transport.write(protocol3Refusal);
      transport.close('forced close');
      return;
    }
    if (request.sid === undefined) {
      this.#open(req, request, transport);
      return;
    }
    const session = this.#sessions.get(request.sid);
    if (session?.canUpgrade) new Upgrade(session, transport, this.#upgradeTimeout, () => this.#deps.hooks.onUpgraded?.());
    else transport.close('parse error');
  }

  #open(req: IncomingMessage, request: EngineRequest, transport: Transport): void {
    const { clock, owners, hooks, openSession } = this.#deps;
    const opening = { sid: owners.newId(), origin: sessionOrigin(req, request.query, this.#addresses.of(req), clock), transport };
    const session = new EngineSession(this.#context, opening, openSession);
    this.#sessions.set(opening.sid, session);
    hooks.onOpened?.(transport.name);
    session.flush();
  }

  #onClosed(session: EngineSession, reason: CloseReason): void {
    this.#sessions.delete(session.sid);
    this.#deps.hooks.onClosed?.(reason);
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }
}

function refused(name: HandshakeErrorName, problem?: string): Refused {
  const { code, message: general, httpStatus } = handshakeErrors[name];
  const message = name === 'forbidden' && problem !== undefined ? problem : general;
  return { reason: name, status: httpStatus, body: { code, message } };
}
