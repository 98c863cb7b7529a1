import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ignoreErrors, rejectUpgrade } from './respond.ts';

/** What `attach` puts in front of an HTTP server. */
export interface Attachable {
  /** With a slash at the end. */
  readonly path: string;
  handleRequest(req: IncomingMessage, res: ServerResponse): void;
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/**
 * Gives `target` the requests at and below its path, and leaves the others to the listeners that the server has now.
 * An upgrade for another path is left to other listeners, present or later, and rejected if there are none.
 */
export function attach(server: Server, target: Attachable): void {
  const others = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    if (isBelow(req, target.path)) return target.handleRequest(req, res);
    for (const listener of others) Reflect.apply(listener, server, [req, res]);
    if (others.length === 0) res.writeHead(404).end();
  });
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (pathOf(req) === target.path) target.handleUpgrade(req, socket, head);
    else if (server.listenerCount('upgrade') === 1) rejectForeign(socket);
  });
}

/** The path as it came, nothing decoded or normalised: what is not written like ours is not ours. */
export function pathOf(req: IncomingMessage): string {
  const url = req.url ?? '';
  const mark = url.indexOf('?');
  return mark === -1 ? url : url.slice(0, mark);
}

function isBelow(req: IncomingMessage, path: string): boolean {
  return pathOf(req).startsWith(path);
}

function rejectForeign(socket: Duplex): void {
  ignoreErrors(socket);
  rejectUpgrade(socket, 404, { error: 'Not found' });
}
