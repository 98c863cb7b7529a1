/**
 * The connect stage: an Engine.IO v4 and Socket.IO v5 server for stock clients, below one path of an HTTP server that
 * somebody else owns. Each socket in a namespace becomes a `Connection`, and the stage above decides about it.
 */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { NodeTable } from '../ports/node-table.ts';
import { accessProblem } from './access.ts';
import { type Attachable, attach, pathOf } from './attach.ts';
import { ClientFiles } from './client-files.ts';
import { setCorsHeaders } from './cors.ts';
import { type EngineDeps, EngineServer } from './engine-server.ts';
import { forwardSeal } from './forward-seal.ts';
import { Forwarder } from './forwarder.ts';
import type { ForwardTarget } from './internal-listener.ts';
import type { NamespacesDeps } from './namespaces.ts';
import { socketIoSessions } from './namespaces.ts';
import type { ConnectHooks, ConnectOptions } from './options.ts';
import { defaultConnectOptions } from './options.ts';
import { answerJson } from './respond.ts';
import { ownersAlone, ownersInCluster } from './session-owners.ts';

export interface ProtocolServerDeps extends Omit<NamespacesDeps, 'options' | 'hooks'> {
  /** What is not given is `defaultConnectOptions`. */
  readonly options?: Partial<ConnectOptions>;
  readonly hooks?: ConnectHooks;
  /** Undefined: this hub is alone, and all sessions are here. Otherwise `startInternalListener` belongs to it. */
  readonly cluster?: { readonly secret: string; readonly nodes: NodeTable } | undefined;
}

export class ProtocolServer implements Attachable, ForwardTarget {
  readonly #options: ConnectOptions;
  readonly #hooks: ConnectHooks;
  readonly #engine: EngineServer;
  readonly #clientFiles: ClientFiles | undefined;

  constructor({ options: given, hooks = {}, cluster, ...deps }: ProtocolServerDeps) {
    const options = { ...defaultConnectOptions, ...given };
    this.#options = options;
    this.#hooks = hooks;
    const openSession = socketIoSessions({ ...deps, options, hooks });
    this.#engine = new EngineServer({ ...deps, options, hooks, openSession, ...sessionsOf(cluster, { ...deps, options, hooks }) });
    this.#clientFiles = options.serveClient ? new ClientFiles() : undefined;
  }

  get path(): string {
    return this.#options.path;
  }

  /** Sessions that have not ended, identified or not. */
  get sessionCount(): number {
    return this.#engine.sessionCount;
  }

  /** What waits to be taken by all clients together. More than there is room for while memory is short. */
  get bufferedBytes(): number {
    return this.#engine.bufferedBytes;
  }

  /** Sessions whose client has not registered. */
  get strangerCount(): number {
    return this.#engine.strangerCount;
  }

  /** While memory is short, strangers go, nobody new comes, and little may wait for the others. */
  saveMemory(isShort: boolean): void {
    this.#engine.saveMemory(isShort);
  }

  /** Takes over the requests and upgrades at and below `path`; the others go to the server's listeners, or `otherwise` if it has none. */
  attach(server: Server, otherwise: RequestListener = notFound): void {
    attach(server, this, { otherwise, onFault: (error) => this.#hooks.onListenerFault?.(error) });
  }

  /** A listener that answers only whom this server would answer, see `access.ts`; whom it does not, but for the paths in `open`, gets a reason. */
  guarded(listener: RequestListener, open: ReadonlySet<string>): RequestListener {
    return (req, res) => {
      const problem = open.has(pathOf(req)) ? undefined : accessProblem(req, this.#options);
      if (problem === undefined) listener(req, res);
      else answerJson(res, 403, { error: problem });
    };
  }

  /** Answers a request at or below `path`. */
  handleRequest(req: IncomingMessage, res: ServerResponse): void {
    const name = pathOf(req).slice(this.#options.path.length);
    if (name === '') {
      this.#engine.handleRequest(req, res);
      return;
    }
    const problem = accessProblem(req, this.#options);
    if (problem !== undefined) {
      answerJson(res, 403, { error: problem });
      return;
    }
    setCorsHeaders(req, res, this.#options.corsOrigins);
    if (this.#clientFiles === undefined) answerJson(res, 404, { error: 'Not found' });
    else this.#clientFiles.handleRequest(name, req, res);
  }

  /** Answers a request to upgrade at `path`, with a WebSocket or an HTTP error. */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#engine.handleUpgrade(req, socket, head);
  }

  /** Answers a request that came in at another node. Whether it did is for the internal listener to check. */
  handleForwarded(sid: string, req: IncomingMessage, res: ServerResponse): void {
    this.#engine.handleForwarded(sid, req, res);
  }

  handleForwardedUpgrade(sid: string, req: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#engine.handleForwardedUpgrade(sid, req, socket, head);
  }

  /** Closes all connections with 'server shutting down', after what is queued for them. Resolves when the last one has ended. */
  close(): Promise<void> {
    return this.#engine.close();
  }
}

function sessionsOf(
  cluster: ProtocolServerDeps['cluster'],
  { clock, random, options, hooks }: NamespacesDeps,
): Pick<EngineDeps, 'owners' | 'forwarder'> {
  if (cluster === undefined) return { owners: ownersAlone(random), forwarder: undefined };
  const owners = ownersInCluster(cluster.secret, cluster.nodes, random);
  const seal = forwardSeal(cluster.secret, random);
  return { owners, forwarder: new Forwarder({ options, clock, owners, seal, onRefused: (reason) => hooks.onRefused?.(reason) }) };
}

function notFound(_req: IncomingMessage, res: ServerResponse): void {
  answerJson(res, 404, { error: 'Not found' });
}
