import type { IncomingMessage } from 'node:http';
import type { HandshakeErrorName } from '@parley/protocol';
import { limits } from '@parley/protocol';
import type { CloseReason, Connection } from '../ports/connection.ts';

/** What the protocol server may be told. Every value is a limit against a peer that does not play fair, or a promise to one that does. */
export interface ConnectOptions {
  /** Where it answers, with a slash at both ends. Stock clients ask for `/socket.io/`. */
  readonly path: string;
  /** Serve the browser builds of the stock client below `path`. */
  readonly serveClient: boolean;
  /**
   * Which pages may connect: all of them, the hub's own and those of this machine (`local`), the hub's own (false), or exactly these
   * (`https://app.example.com`, no wildcard). With a list even the hub's own origin has to be named.
   * Requests without an `Origin` header, which browsers cannot make, always pass.
   */
  readonly corsOrigins: '*' | 'local' | false | readonly string[];
  /** Over the loopback address only loopback names are answered, and these. */
  readonly hosts: readonly string[];
  /** Addresses and networks of proxies that tell the client's address by `X-Forwarded-For`. */
  readonly trustedProxies: readonly string[];
  /** Open sessions, identified or not. Above it a stranger is closed for a new one, and if there is none the new one is answered with 503. */
  readonly connectionsMax: number;
  /** Sessions whose client has not registered; above it the oldest of them is closed for a new one. */
  readonly strangersMax: number;
  /** The same for one address, or one /64 network of IPv6. */
  readonly strangersPerAddressMax: number;
  /** Bytes held for all of them, in both directions; above it the one that holds the most is closed. */
  readonly strangersBytesMax: number;
  /** Bytes of one packet from a client, of its attachments together, and of one polling body in either direction. Clients are told as `maxPayload`. */
  readonly packetBytesMax: number;
  /** Packets in one polling body. */
  readonly payloadPacketsMax: number;
  /** Bytes not yet taken from a session, at or below which it can take more: `onDrain` reports falling to it. */
  readonly bufferLowWaterBytes: number;
  /** Bytes not yet taken from a session above which nothing more that it sends is handled, nor read, until it has taken some. */
  readonly bufferHighWaterBytes: number;
  /** The same for a session whose client has not registered. */
  readonly strangerHighWaterBytes: number;
  /** Bytes not yet taken from all sessions together; as they come near it, the marks of all sink. */
  readonly bufferTotalBytesMax: number;
  /**
   * Bytes not yet taken from a session at which it is closed. The last bound on its memory: the stage
   * above is expected to stop long before. Room for one page of catch-up and one packet of full size is needed.
   */
  readonly bufferBytesMax: number;
  /** Time without a ping after which one is sent. Clients are told, and give up after it and `pingTimeoutMs`. */
  readonly pingIntervalMs: number;
  /** Time for the pong, after which the peer counts as gone. */
  readonly pingTimeoutMs: number;
  /** Time for a WebSocket to take over from polling. */
  readonly upgradeTimeoutMs: number;
  /** Time after its opening at which a session has to be in a namespace. It is absolute: nothing that the client sends extends it. */
  readonly connectTimeoutMs: number;
  /** Time for the binary messages that a packet has announced. */
  readonly attachmentsTimeoutMs: number;
  /** Requests and upgraded sockets for sessions of other nodes, at one time. Each takes a connection to the other node. */
  readonly forwardedMax: number;
  /** Time for a peer to take what is queued and to answer a close, before it is cut. */
  readonly closeTimeoutMs: number;
}

export const defaultConnectOptions: ConnectOptions = {
  path: '/socket.io/',
  serveClient: true,
  corsOrigins: 'local',
  hosts: [],
  trustedProxies: [],
  connectionsMax: 100_000,
  strangersMax: 10_000,
  strangersPerAddressMax: 1000,
  strangersBytesMax: 33_554_432,
  packetBytesMax: limits.packetBytesMax,
  payloadPacketsMax: limits.payloadPacketsMax,
  bufferLowWaterBytes: 65_536,
  bufferHighWaterBytes: 1_048_576,
  strangerHighWaterBytes: 65_536,
  bufferTotalBytesMax: 67_108_864,
  bufferBytesMax: 8_388_608,
  pingIntervalMs: 25_000,
  pingTimeoutMs: 20_000,
  upgradeTimeoutMs: 10_000,
  connectTimeoutMs: 45_000,
  attachmentsTimeoutMs: 10_000,
  forwardedMax: 20_000,
  closeTimeoutMs: 5_000,
};

/**
 * For `http.createServer`, by whoever owns the server. Node's own defaults leave a peer that sends a header byte every
 * ten seconds a minute, and one that never ends its request five.
 */
export const recommendedHttpOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 65_000,
  /** Java's HTTP client asks every server for HTTP/2 (`Upgrade: h2c`): it gets its answer over HTTP/1.1, as from a server that knows no upgrades. */
  shouldUpgradeCallback: (req: IncomingMessage): boolean => req.headers.upgrade?.toLowerCase() === 'websocket',
} as const;

/** Why a request was turned away: a refusal of the Engine.IO handshake, or one of our own limits. */
export type RefusalReason =
  | HandshakeErrorName
  | 'protocol_3'
  | 'too_many_connections'
  /** The node that has the session could not be reached, or was silent. */
  | 'owner_gone'
  | 'admission'
  | 'short_of_memory'
  | 'shutting_down'
  | 'packet_too_large'
  | 'unsupported_encoding';

/** For statistics and the log. None of these may throw. */
export interface ConnectHooks {
  onOpened?(transport: Connection['transport']): void;
  onUpgraded?(): void;
  onClosed?(reason: CloseReason): void;
  onRefused?(reason: RefusalReason): void;
  /** A session whose client had not registered was closed in favour of another one. */
  onDisplaced?(): void;
  /** A listener that the application has for requests of its server threw or rejected. */
  onListenerFault?(error: unknown): void;
  /** A handler of the stage above threw. Its connection is closed, nothing else is touched. */
  onFault?(error: unknown): void;
}
