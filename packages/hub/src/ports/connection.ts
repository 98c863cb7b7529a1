/**
 * The port between the connect stage and everything above it: one Socket.IO connection (one socket
 * in one namespace), whatever its transport. The simulation implements it with a virtual network.
 */
import type { OutgoingPackets } from '../lib/outgoing-packet.ts';

/** What is known of a connection from its first request. Header names are in lower case. */
export interface Handshake {
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The CONNECT payload of the client (`io({auth: …})`), `{}` if there was none. */
  readonly auth: Readonly<Record<string, unknown>>;
  /** Wall clock, milliseconds. */
  readonly issuedAtMs: number;
}

/** Why a connection ended. The texts are those that stock clients know. */
export type CloseReason =
  | 'transport close'
  | 'transport error'
  | 'ping timeout'
  | 'parse error'
  | 'client namespace disconnect'
  | 'server namespace disconnect'
  | 'server shutting down'
  | 'forced close';

export interface Connection {
  /** Public id, unguessable, never reused. Not the Engine.IO session id, which is a secret. */
  readonly id: string;
  readonly handshake: Handshake;
  readonly transport: 'websocket' | 'polling';
  /** It has ended, perhaps before it was decided about: what is sent goes nowhere. */
  readonly isGone: boolean;
  /**
   * Bytes accepted by `send` that the operating system (WebSocket) or a poll (polling) has not taken yet.
   */
  readonly bufferedBytes: number;
  /** When the transport's session opened (monotonic). All time limits of an unregistered client count from here, whatever it sends. */
  readonly openedMs: number;
  /** When anything was last received from the client (monotonic). */
  readonly lastHeardMs: number;
  /** Since when (monotonic) more than the low-water mark has waited while nothing was taken; undefined while it is less. */
  readonly stalledSinceMs: number | undefined;
  /**
   * Queues packets. They leave in the order of the calls; those of one turn of the event loop
   * leave in one write. Does nothing on a connection that has closed.
   */
  send(outgoing: OutgoingPackets): void;
  /**
   * Queues an Engine.IO ping behind everything sent so far. When `onPong` comes, the client has
   * received all of that. False, and nothing is queued, if a ping is outstanding or the connection has closed.
   */
  ping(): boolean;
  /**
   * No further `onEvent` until `release` was called as often: later input stays unread, in the client or its kernel.
   * Pongs, drains and ends are still reported; but if input waits and then the client closes, its end follows that input.
   */
  hold(): void;
  release(): void;
  /** The client has registered: it no longer counts among the strangers, whose number and bytes are limited. */
  identified(): void;
  /** Sends what is queued, then closes the connection and its transport. `onClose` follows once. */
  close(reason: 'server namespace disconnect' | 'server shutting down' | 'forced close'): void;
}

/** A client's event, as parsed and bounded by the connect stage. */
export interface InboundEvent {
  readonly name: string;
  /** The arguments after the name. Parsed JSON, so nothing in it can be trusted to have a type. */
  readonly args: readonly unknown[];
  /** The JSON array that came, `["name",…]`, byte for byte; undefined if the event has binary attachments. */
  readonly text: string | undefined;
  /** Present if the client waits for an acknowledgement. */
  readonly ackId: number | undefined;
}

/** What the stage above gives for a connection that it accepts. None of these may throw. */
export interface ConnectionHandlers {
  onEvent(event: InboundEvent): void;
  /** The ping that `Connection.ping` queued was answered. Not called for the heartbeat's own pings. */
  onPong(): void;
  /** `bufferedBytes` has fallen below the low-water mark after it was above it. */
  onDrain(): void;
  /** The end, exactly once; nothing is called after it. */
  onClose(reason: CloseReason): void;
}

/** Refuses a connection: the client gets CONNECT_ERROR with this message (and data), and stays away until its application connects again. */
export interface Refusal {
  readonly message: string;
  readonly data?: unknown;
}

/**
 * Decides over a connection that asks to join a namespace. Called once the transport is open and
 * CONNECT has come; `connection.send` may be called from inside and follows the CONNECT reply. After `connection.close` from
 * inside, whatever is decided, the client only sees its transport close; a stock client then comes back by itself.
 */
export type AcceptConnection = (
  connection: Connection,
  namespace: string,
) => ConnectionHandlers | { readonly refuse: Refusal } | Promise<ConnectionHandlers | { readonly refuse: Refusal }>;
