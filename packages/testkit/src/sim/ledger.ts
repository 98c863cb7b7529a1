/**
 * What really happened in a simulation, written down outside the hub: what was sent, what the store has committed, what each
 * reader was written and has received. The invariants are judged by it, never by what the hub believes.
 */

import { inboxOf, type ReaderId, type StoredMessage, type StreamId, timelineOf } from '@parley/hub';
import { entry } from '../entry.ts';

/** One message that a client wants to send, in one attempt or several. `token` names it, and is part of its content. */
export interface Send {
  readonly token: string;
  readonly senderId: string;
  readonly stream: StreamId;
  /** JSON text. */
  readonly content: string;
  readonly clientMsgId: string | undefined;
  readonly echo: boolean;
  /** A forged sender, whom the hub has to refuse. */
  readonly claimedSenderId: string | undefined;
  /** The connection of the first attempt, and the place among its sends. */
  readonly origin: { readonly connection: string; readonly index: number };
  attempts: number;
  /** Attempts that were answered with a refusal that says "nothing was stored". */
  refused: number;
  /** The answer to an attempt that succeeded. */
  acknowledged: { readonly id: string; readonly seq: number } | undefined;
}

/** A message in the store's log. */
export type Logged = StoredMessage & {
  readonly send: Send | undefined;
  /** It has expired or was dropped. */
  isGone: boolean;
};

/** A time as a member: what a room's timeline holds in (afterSeq, uptoSeq] is for this user. */
export interface Membership {
  readonly afterSeq: number;
  uptoSeq: number;
}

interface Written {
  readonly connection: string;
  /** `Ledger.tick` at that moment. */
  readonly at: number;
}

/** One reader, over all its connections and over restarts. */
export class ReaderRecord {
  readonly userId: string;
  readonly deviceId: string;
  /** The reader's cursors in the store, as far as it was answered. */
  readonly cursors = new Map<StreamId, number>();
  /** Where it stood when it was first seen. */
  readonly starts = new Map<StreamId, number>();
  readonly #received = new Map<StreamId, Set<number>>();
  readonly #claims = new Map<StreamId, number>();
  readonly #written = new Map<StreamId, Map<number, Written[]>>();

  constructor({ userId, deviceId }: ReaderId) {
    this.userId = userId;
    this.deviceId = deviceId;
  }

  /** What the store forgets of a reader that nobody uses. */
  forget(): void {
    this.cursors.clear();
    this.starts.clear();
  }

  receive(stream: StreamId, seq: number): void {
    entry(this.#received, stream, () => new Set()).add(seq);
  }

  /** The client says that it has received everything up to `seq`, and may lie. */
  claim(stream: StreamId, seq: number): void {
    this.#claims.set(stream, Math.max(seq, this.#claims.get(stream) ?? 0));
  }

  /** Whether the client has received this message. A lie about what was written to it is its own fault. */
  hasReceived(stream: StreamId, seq: number): boolean {
    const isClaimed = seq <= (this.#claims.get(stream) ?? 0) && this.written(stream, seq).length > 0;
    return isClaimed || (this.#received.get(stream)?.has(seq) ?? false);
  }

  write(stream: StreamId, seq: number, written: Written): void {
    entry(
      entry(this.#written, stream, () => new Map<number, Written[]>()),
      seq,
      () => [],
    ).push(written);
  }

  written(stream: StreamId, seq: number): readonly Written[] {
    return this.#written.get(stream)?.get(seq) ?? [];
  }
}

export class Ledger {
  readonly sends = new Map<string, Send>();
  readonly byId = new Map<string, Logged>();
  readonly readers = new Map<string, ReaderRecord>();
  readonly #logs = new Map<StreamId, Logged[]>();
  readonly #memberships = new Map<StreamId, Map<string, Membership[]>>();
  #ticks = 0;

  /** Grows with every call: tells what came first. */
  tick(): number {
    this.#ticks += 1;
    return this.#ticks;
  }

  append(message: StoredMessage): Logged {
    const token = /"t":"([^"]+)"/.exec(message.content)?.[1];
    const logged: Logged = { ...message, send: token === undefined ? undefined : this.sends.get(token), isGone: false };
    entry(this.#logs, message.stream, () => []).push(logged);
    this.byId.set(String(message.id), logged);
    return logged;
  }

  streams(): Iterable<StreamId> {
    return this.#logs.keys();
  }

  log(stream: StreamId): readonly Logged[] {
    return this.#logs.get(stream) ?? [];
  }

  head(stream: StreamId): number {
    return this.log(stream).length;
  }

  message(stream: StreamId, seq: number): Logged | undefined {
    return this.log(stream)[seq - 1];
  }

  reader(id: ReaderId): ReaderRecord {
    return entry(this.readers, readerKey(id), () => new ReaderRecord(id));
  }

  readersOf(userId: string): readonly ReaderRecord[] {
    return [...this.readers.values()].filter((reader) => reader.userId === userId);
  }

  join(roomId: string, userId: string, afterSeq: number): void {
    const stream = timelineOf(roomId);
    const times = entry(
      entry(this.#memberships, stream, () => new Map<string, Membership[]>()),
      userId,
      () => [],
    );
    times.push({ afterSeq, uptoSeq: Number.POSITIVE_INFINITY });
  }

  leave(roomId: string, userId: string): void {
    const stream = timelineOf(roomId);
    const membership = this.membership(stream, userId);
    if (membership !== undefined) membership.uptoSeq = this.head(stream);
    // What the store forgets with a membership.
    for (const reader of this.readersOf(userId)) {
      reader.cursors.delete(stream);
      reader.starts.delete(stream);
    }
  }

  /** The membership that lasts. An inbox is its user's from the first message on. */
  membership(stream: StreamId, userId: string): Membership | undefined {
    if (stream === inboxOf(userId)) return { afterSeq: 0, uptoSeq: Number.POSITIVE_INFINITY };
    const last = this.#memberships.get(stream)?.get(userId)?.at(-1);
    return last?.uptoSeq === Number.POSITIVE_INFINITY ? last : undefined;
  }

  /** Whether a message was ever meant for this user. */
  isFor(userId: string, stream: StreamId, seq: number): boolean {
    if (stream === inboxOf(userId)) return true;
    const times = this.#memberships.get(stream)?.get(userId) ?? [];
    return times.some(({ afterSeq, uptoSeq }) => seq > afterSeq && seq <= uptoSeq);
  }

  /** The messages in (afterSeq, uptoSeq] that a reader of this user has to get: those that are left, but not its own without echo. */
  *owed(userId: string, stream: StreamId, afterSeq: number, uptoSeq: number): Iterable<Logged> {
    const membership = this.membership(stream, userId);
    if (membership === undefined) return;
    const log = this.log(stream);
    for (let seq = Math.max(afterSeq, membership.afterSeq) + 1; seq <= Math.min(uptoSeq, log.length); seq++) {
      const message = log[seq - 1];
      if (message !== undefined && !message.isGone && !isSilent(message, userId)) yield message;
    }
  }

  /** Every stream that a user reads. */
  *streamsOf(userId: string): Iterable<StreamId> {
    yield inboxOf(userId);
    for (const stream of this.#memberships.keys()) if (this.membership(stream, userId) !== undefined) yield stream;
  }
}

export const readerKey = ({ userId, deviceId }: ReaderId): string => `${userId}/${deviceId}`;

/** The sender does not want it back. */
export const isSilent = (message: StoredMessage, userId: string): boolean => !message.echo && message.senderId === userId;
