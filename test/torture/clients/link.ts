/** A client of the hub that comes back by itself, whatever it is made of. */
import type { Payload } from '../../support/client.ts';

/** Where a client connects: chosen anew at each dial. */
export interface Address {
  readonly node: number;
  readonly port: number;
}

export interface Addresses {
  /** For the next connection. */
  dial(): Address;
  /** Any node's, for one request of a session that may be elsewhere; undefined: to be sent where the session is. */
  readonly anyPort: (() => number) | undefined;
}

export interface LinkHandlers {
  /** A connection to this node has opened; nothing was sent on it yet. */
  onOpen(node: number): void;
  onEvent(name: string, payload: Payload): void;
  /** A ping of the hub was answered. */
  onPing(): void;
  /** The connection stops to answer for a while. */
  onUnsure(): void;
  /** The connection has ended; no event and no reply of it follows. `silent`: nothing was sent to the hub about it. */
  onClose(silent: boolean): void;
}

/**
 * What can be done to a client:
 * - `goodbye`: it disconnects politely and comes back.
 * - `drop`: its transport ends in mid-air and the hub sees that: a reset for raw clients.
 * - `hang`: it neither reads nor answers any more and closes nothing; a second connection opens beside it.
 * - `pause`: it does not read for a while.
 * - `upgrade`: it tries to go from polling to WebSocket and breaks off at some point, or does not.
 */
export type Disturbance =
  | { readonly kind: 'goodbye'; readonly awayMs: number }
  | { readonly kind: 'drop' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'pause'; readonly forMs: number }
  | { readonly kind: 'upgrade'; readonly until: UpgradeStep };

/** How far an upgrade gets. `switched`: the client says that it has changed over, and vanishes. */
export const upgradeSteps = ['connecting', 'open', 'probing', 'probed', 'switched', 'done'] as const;
export type UpgradeStep = (typeof upgradeSteps)[number];

export interface Link {
  start(): void;
  /** Sends an event. `onReply` is called at most once, and not after `onClose`. Does nothing without an open connection. */
  emit(name: string, payload: object, onReply: (reply: Payload) => void): void;
  /** What this kind of client can't do it leaves undone. */
  disturb(disturbance: Disturbance): void;
  /** Disconnects politely and stays away. */
  stop(): void;
}
