/**
 * What travels between the main thread and the store's threads. A thread answers each message once, in
 * the order in which they came, so an answer needs no id.
 */
import type { AppendRequest, DamagedMessage, HistoryMessage, Store, StoreLimits } from '../../../ports/store.ts';
import type { Outcome } from '../../outcome.ts';

/** The callback of a write stays on the main thread. */
type WithoutInOrder<A extends unknown[]> = A extends [...infer Rest, (result: never) => void] ? Rest : A;
type Synchronous<T> = { [K in keyof T]: T[K] extends (...args: infer A) => Promise<infer R> ? (...args: WithoutInOrder<A>) => R : never };

/** The port's writes, as the thread that owns the connection runs them. */
export type Writes = Synchronous<
  Pick<
    Store,
    'append' | 'openReader' | 'closeReader' | 'advance' | 'createRoom' | 'joinRoom' | 'leaveRoom' | 'deleteRoom' | 'saveStates' | 'expire'
  >
>;
export interface Reads extends Synchronous<Pick<Store, 'room' | 'rooms' | 'members' | 'states' | 'retentionTime' | 'counts'>> {
  readStream(query: Parameters<Store['readStream']>[0]): readonly (PackedMessage | PackedDamage)[];
  history(query: Parameters<Store['history']>[0]): PackedHistory;
}

export interface PackedHistory {
  readonly messages: readonly HistoryMessage[];
  readonly damaged: readonly Pick<DamagedMessage, 'stream' | 'seq'>[];
  readonly hasMore: boolean;
}

/** A method and its arguments; whoever makes one has checked them against the method's type. */
export interface Call<T> {
  readonly method: keyof T;
  readonly args: readonly unknown[];
}
export type WriteCall = Call<Writes>;
export type ReadCall = Call<Reads>;
export type PackedCall = WriteCall | PackedAppend;

/** An append as a row of values; see `pack.ts`. */
export type PackedAppend = readonly [
  kind: AppendRequest['kind'],
  /** The recipient, or the room. */
  to: string,
  senderId: string,
  type: string,
  content: string,
  createdAtMs: number,
  storedAtMs: number,
  clientMsgId: string | null,
  /** Of a direct message the first, of one to a room the second. So with the next. */
  receiptOrEcho: boolean,
  trustedOrMembersOnly: boolean,
];

/** A message of a stream as a row of values, less what its stream says; see `pack.ts`. */
export type PackedMessage = readonly [
  id: number,
  seq: number,
  senderId: string,
  type: string,
  content: string,
  createdAtMs: number,
  clientMsgId: string | null,
  echo: number,
  /** Null in rows that were stored before there were checksums. */
  checksum: number | null,
];

/** A message that can't be read, or is not what was stored. */
export type PackedDamage = readonly [seq: number];

export function invoke<T extends { [M in keyof T]: (...args: never[]) => unknown }>(target: T, call: Call<T>): unknown {
  return Reflect.apply(target[call.method], target, call.args);
}

export interface DatabaseSetup {
  /** A path, or `:memory:`. */
  readonly file: string;
  readonly readonly: boolean;
  /** The file grows no larger; `undefined` leaves it to the disk. */
  readonly databaseBytesMax: number | undefined;
  readonly limits: StoreLimits;
}

/**
 * Where a check goes on: at the start, after a message, or with what is not messages. Messages above `uptoId` came after it had begun:
 * without that a busy hub would be checked for ever.
 */
export type CheckPlace = 'start' | (Pick<DamagedMessage, 'stream' | 'seq'> & { readonly uptoId: number }) | 'tables';

export interface CheckedPart {
  readonly damaged: readonly Pick<DamagedMessage, 'stream' | 'seq'>[];
  /** What is wrong besides. */
  readonly problem: string | undefined;
  /** Undefined: all was checked. */
  readonly next: CheckPlace | undefined;
}

export type ToThread =
  | { readonly kind: 'open'; readonly setup: DatabaseSetup }
  | { readonly kind: 'commit'; readonly calls: readonly PackedCall[] }
  | { readonly kind: 'read'; readonly call: ReadCall }
  /** Checks a part of the file. */
  | { readonly kind: 'check'; readonly place: CheckPlace }
  /** Copies the log into the database file. */
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'close' };

/** The answer to `commit`. */
export interface Committed {
  /** One for each call, in order: see `BatchWriter.commit`. */
  readonly outcomes: readonly Outcome[];
  /** Pages of the log that no checkpoint has copied yet. */
  readonly uncopiedPages: number;
  /** What SQLite says of damage that writes of the batch have met. */
  readonly damage: string | undefined;
}

export type FromThread = Outcome | { readonly startRefused: string };
