import { IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { answerJson, ignoreErrors, rejectUpgrade } from './respond.ts';

/** What `attach` puts in front of an HTTP server. */
export interface Attachable {
  /** With a slash at the end. */
  readonly path: string;
  handleRequest(req: IncomingMessage, res: ServerResponse): void;
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface AttachHooks {
  /** Answers what is not below the path, as long as the server has no listener for requests. */
  readonly otherwise: RequestListener;
  /** A listener of the application threw or rejected. Its request was answered with 500, unless it had begun to answer. */
  onFault(error: unknown): void;
}

/** Marks the listener by which a server knows its upgrades, with the path. Shared by all copies of this package. */
const attachedPath = Symbol.for('parley.attached_path');

/**
 * Gives `target` the requests and upgrades at and below its path, before any listener of the server sees them. The others go to
 * the listeners that the server has at that moment, whenever they were added. Throws if something is attached at this path already.
 */
export function attach(server: Server, target: Attachable, hooks: AttachHooks): void {
  if (server.listeners('upgrade').some((listener) => Reflect.get(listener, attachedPath) === target.path)) {
    throw new Error(`A hub is attached to this server at ${target.path} already. Attach each hub once, and give each a "path" of its own.`);
  }
  const emit = server.emit.bind(server);
  // A listener would not do: those of the application would be called for our requests as well, and answer them a second time.
  const emitUnlessOurs = (event: string, ...args: unknown[]): boolean => {
    const [req, to, head] = args;
    if (req instanceof IncomingMessage && event === 'request' && to instanceof ServerResponse) {
      if (pathOf(req).startsWith(target.path)) target.handleRequest(req, to);
      else passOn(server, req, to, hooks);
      return true;
    }
    if (req instanceof IncomingMessage && event === 'upgrade' && to instanceof Duplex && head instanceof Buffer) {
      if (pathOf(req) !== target.path) return emit(event, ...args);
      target.handleUpgrade(req, to, head);
      return true;
    }
    return emit(event, ...args);
  };
  server.emit = emitUnlessOurs;
  // Node hands out upgrades only if there is a listener for them.
  const rejectForeign = (_req: IncomingMessage, socket: Duplex): void => {
    if (server.listeners('upgrade').some((listener) => Reflect.get(listener, attachedPath) === undefined)) return;
    if (socket.writable) reject(socket);
  };
  server.on('upgrade', Object.assign(rejectForeign, { [attachedPath]: target.path }));
}

/** The path as it came, nothing decoded or normalised: what is not written like ours is not ours. */
export function pathOf(req: IncomingMessage): string {
  const url = req.url ?? '';
  const mark = url.indexOf('?');
  return mark === -1 ? url : url.slice(0, mark);
}

/** Calls the listeners as the server would have done, but none of them can end the process. */
function passOn(server: Server, req: IncomingMessage, res: ServerResponse, { otherwise, onFault }: AttachHooks): void {
  const fail = (error: unknown): void => {
    onFault(error);
    if (res.headersSent) res.destroy();
    else answerJson(res, 500, { error: 'Internal server error' });
  };
  const listeners = server.rawListeners('request');
  for (const listener of listeners.length === 0 ? [otherwise] : listeners) {
    try {
      const result: unknown = Reflect.apply(listener, server, [req, res]);
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  }
}

function reject(socket: Duplex): void {
  ignoreErrors(socket);
  rejectUpgrade(socket, 404, { error: 'Not found' });
}
