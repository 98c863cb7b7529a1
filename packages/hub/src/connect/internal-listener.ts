/**
 * Where the other nodes bring the requests for sessions of this one. It has an address of its own, which no client needs to reach, and
 * answers nothing but sealed requests for sessions. What is not for a session of this node is answered as unknown, and never
 * sent on: one hop is all that a right request needs, and a wrong table of nodes must not make a circle.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import { forwardSealCheck, sealHeader } from './forward-seal.ts';
import { recommendedHttpOptions } from './options.ts';
import { answerJson, ignoreErrors, rejectUpgrade } from './respond.ts';

/** What a node serves of its own sessions for the other nodes. */
export interface ForwardTarget {
  handleForwarded(sid: string, req: IncomingMessage, res: ServerResponse): void;
  handleForwardedUpgrade(sid: string, req: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface InternalListenerDeps {
  readonly secret: string;
  readonly target: ForwardTarget;
}

export interface InternalListener {
  /** The one that was picked if 0 was asked for. */
  readonly port: number;
  /** Answers from now on; until then everybody is a stranger. A node has to know its port before it has joined, and the secret after. */
  serve(deps: InternalListenerDeps): void;
  /** Cuts whatever is still open. To be called after the sessions were closed, so that their last answers have left. */
  close(): Promise<void>;
}

/** The path of a forwarded request. The session's id is of URL-safe characters, see `session-owners.ts`. */
export const forwardPath = (sid: string): string => `/session/${sid}`;
const pathForm = /^\/session\/([\w.-]+)$/;

const forbidden = { error: 'Forbidden: only nodes of the cluster are served here.' };

/** Rejects if it can't listen there. */
export async function startInternalListener(
  { host, port }: { readonly host: string; readonly port: number },
  clock: Clock,
): Promise<InternalListener> {
  let served: { readonly isSealed: ReturnType<typeof forwardSealCheck>; readonly target: ForwardTarget } | undefined;
  const askedFor = ({ headers, method = '', url = '' }: IncomingMessage) => {
    const header = headers[sealHeader];
    const sid = typeof header === 'string' && served?.isSealed(header, method, url) ? pathForm.exec(url)?.[1] : undefined;
    return served === undefined || sid === undefined ? undefined : { sid, target: served.target };
  };
  const server = createServer(recommendedHttpOptions, (req, res) => {
    const asked = askedFor(req);
    if (asked === undefined) {
      // Nothing more is read from a stranger.
      res.setHeader('Connection', 'close');
      answerJson(res, 403, forbidden);
      return;
    }
    asked.target.handleForwarded(asked.sid, req, res);
    clock.endOfTurn(() => tellAlive(res));
  });
  const sockets = new Set<Duplex>();
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    ignoreErrors(socket);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const asked = askedFor(req);
    if (asked === undefined) rejectUpgrade(socket, 403, forbidden);
    else asked.target.handleForwardedUpgrade(asked.sid, req, socket, head);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: portOf(server.address()),
    serve({ secret, target }) {
      served = { isSealed: forwardSealCheck(secret), target };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A poll waits for as long as there is nothing to say, and its sender must know whether anybody is there. */
function tellAlive(res: ServerResponse): void {
  if (!res.headersSent && !res.destroyed) res.writeProcessing();
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
