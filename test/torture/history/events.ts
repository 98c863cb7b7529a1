/**
 * What the rig records, in the order in which it happened to the clients.
 *
 * Numbers stand for things: users, readers (a user, or one device of a user) and streams by the `World`; connections and
 * messages by counting. A message is one send to one stream, whatever the number of its attempts. Streams: the inbox of user `u` is
 * `u`, room `r` is `users + r`. Nothing is recorded of a connection after its `closed`. Nodes count from 0; no node stands for 0, which is a hub
 * that is alone.
 */
export type HistoryEvent =
  /** The hub accepts connections. */
  | { readonly kind: 'up'; readonly node?: number }
  /** The hub's process has ended, by kill -9 or after SIGTERM: nothing of it remains but its disk. */
  | { readonly kind: 'down'; readonly node?: number; readonly killed?: boolean }
  /** SIGSTOP and SIGCONT. */
  | { readonly kind: 'stopped'; readonly node?: number }
  | { readonly kind: 'continued'; readonly node?: number }
  /** The server of the store or of the bus can't be used by some node, or was disturbed; and can be used by all. */
  | { readonly kind: 'storeDown' }
  | { readonly kind: 'storeUp' }
  | { readonly kind: 'busDown' }
  | { readonly kind: 'busUp' }
  /** `register` is about to be sent. */
  | { readonly kind: 'open'; readonly connection: number; readonly reader: number; readonly node?: number }
  | { readonly kind: 'registered'; readonly connection: number; readonly queued: number; readonly missed: number }
  /** The connection does not answer for a while; what it does next is not sure. */
  | { readonly kind: 'unsure'; readonly connection: number }
  /** The connection is over. `silent`: the hub has to find out by its pings. */
  | { readonly kind: 'closed'; readonly connection: number; readonly silent: boolean }
  /** The first attempt. `group` messages from this one on share their content: one event to several recipients. */
  | {
      readonly kind: 'send';
      readonly connection: number;
      readonly message: number;
      readonly stream: number;
      readonly group: number;
      readonly echo: boolean;
      /** With `client_msg_id`. */
      readonly named: boolean;
    }
  | { readonly kind: 'retry'; readonly connection: number; readonly message: number }
  /** One attempt was acknowledged. */
  | {
      readonly kind: 'ok';
      readonly connection: number;
      readonly message: number;
      readonly seq: number;
      readonly id: number;
      readonly duplicate: boolean;
    }
  /** One attempt was refused. */
  | { readonly kind: 'refused'; readonly connection: number; readonly message: number; readonly code: string }
  /** The outcome of one attempt will never be known. */
  | { readonly kind: 'unknown'; readonly connection: number; readonly message: number }
  | {
      readonly kind: 'delivered';
      readonly connection: number;
      readonly stream: number;
      readonly seq: number;
      readonly id: number;
      readonly message: number;
      readonly redelivered: boolean;
    }
  /** The client has acknowledged everything so far (a pong), or of one stream up to a `seq` (an acknowledged `ack`). */
  | { readonly kind: 'acknowledged'; readonly connection: number; readonly stream: number; readonly seq: number }
  /** `join_room` and `leave_room`: sent, and known to have taken effect. */
  | { readonly kind: 'join'; readonly connection: number; readonly stream: number }
  | { readonly kind: 'joined'; readonly connection: number; readonly stream: number }
  | { readonly kind: 'leave'; readonly connection: number; readonly stream: number }
  | { readonly kind: 'left'; readonly connection: number; readonly stream: number }
  /** A snapshot that was asked for at `askedAtMs` at a node; `online` has the bit of each user who was shown as online. */
  | { readonly kind: 'presence'; readonly askedAtMs: number; readonly online: number; readonly node?: number };

export type EventKind = HistoryEvent['kind'];

/** An event with its time, milliseconds since the start of the run. */
export type TimedEvent = HistoryEvent & { readonly atMs: number };

/** `stream` of an acknowledgement that covers all streams. */
export const allStreams = -1;
