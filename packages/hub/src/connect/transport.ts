import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EnginePacket } from '@parley/protocol';
import type { CloseReason } from '../ports/connection.ts';
import type { Outgoing } from './outgoing.ts';

/** Moves the packets of one session as bytes. It knows nothing of what they mean, nor of heartbeats. */
export interface Transport {
  readonly name: 'websocket' | 'polling';
  /** Who hears it: a session, or the upgrade that a WebSocket is part of. */
  listener: TransportListener;
  /** Whether `write` takes packets now. */
  readonly writable: boolean;
  /** Bytes taken by `write` that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /**
   * Takes packets from the front, at least one if `writable`, and returns those that are left. The array must not be
   * changed afterwards. `onTaken` follows when the operating system has taken them.
   */
  write(packets: readonly Outgoing[]): readonly Outgoing[];
  /** Bytes of a packet that has not come in whole, as far as they are counted. */
  readonly incompleteBytes: number;
  /** Whether the client is known: of one that is not, incomplete packets are counted, and `onHeld` tells of them. */
  trust(isKnown: boolean): void;
  /** Reads no more from the peer than what is already on its way here, until `resume`. */
  pause(): void;
  resume(): void;
  /** Answers a request that names the session. Only polling expects any. */
  handleRequest(req: IncomingMessage, res: ServerResponse): void;
  /** Ends it, after what was written; `onEnd` follows if it was not ended by the peer. Again: nothing happens. */
  close(reason: CloseReason, byClient: boolean): void;
}

export interface TransportListener {
  onPacket(packet: EnginePacket): void;
  /** `incompleteBytes` has changed. */
  onHeld(): void;
  /** `writable` has become true. */
  onWritable(): void;
  /** The operating system took what was written. */
  onTaken(): void;
  /** It is over: the peer is gone, has broken the protocol, or has not received what `write` took. May be called again. */
  onEnd(reason: CloseReason): void;
}

/** Hears nothing: for a transport that is not, or no longer, part of a session. */
export const noListener: TransportListener = { onPacket() {}, onHeld() {}, onWritable() {}, onTaken() {}, onEnd() {} };
