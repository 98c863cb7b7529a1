/** What must hold between the hub and the store, judged at each call and at each commit. */
import { type CursorAdvance, inboxOf, type ReaderId, type ReaderStream, type StoredMessage } from '@parley/hub';
import type { Ledger, Logged, ReaderRecord } from './ledger.ts';
import type { Verdict } from './violation.ts';

export class StoreInvariants {
  readonly #ledger: Ledger;
  readonly #verdict: Verdict;
  readonly #firstByClientId = new Map<string, Logged>();
  /** The place of the last message of a connection in a stream. */
  readonly #lastOfConnection = new Map<string, number>();

  constructor(ledger: Ledger, verdict: Verdict) {
    this.#ledger = ledger;
    this.#verdict = verdict;
  }

  onAppended(message: StoredMessage): void {
    const { stream, seq, senderId, content, clientMsgId } = message;
    const head = this.#ledger.head(stream);
    this.#verdict.require(seq === head + 1, 'I2', () => `${stream} got seq ${seq} after ${head}`);
    const logged = this.#ledger.append(message);
    const { send } = logged;
    this.#verdict.require(send !== undefined, 'I1', () => `${stream} ${seq} was stored, but nobody sent it: ${content}`);
    this.#verdict.require(send?.senderId === senderId, 'I10', () => `${stream} ${seq} by ${send?.senderId} was stored as from ${senderId}`);
    this.#verdict.require(send?.content === content, 'I1', () => `${stream} ${seq}: content was changed`);
    this.#verdict.require(send?.stream === stream, 'I1', () => `a message for ${send?.stream} was stored in ${stream}`);
    this.#checkOrder(logged);
    if (clientMsgId !== undefined) this.#checkOnce(logged, clientMsgId);
  }

  /** Before the store carries it out. */
  onAdvance(advances: readonly CursorAdvance[]): void {
    for (const advance of advances) {
      const { stream, seq } = advance;
      const reader = this.#ledger.reader(advance);
      this.#verdict.require(
        seq <= this.#ledger.head(stream),
        'I4',
        () => `${nameOf(advance)}: cursor of ${stream} to ${seq}, above its head`,
      );
      this.#requireAcknowledged(reader, stream, reader.cursors.get(stream) ?? reader.starts.get(stream) ?? 0, seq);
    }
  }

  onAdvanced(advances: readonly CursorAdvance[]): void {
    for (const { userId, deviceId, stream, seq } of advances) {
      if (this.#ledger.membership(stream, userId) === undefined) continue;
      for (const device of [deviceId, '']) this.#raise(this.#ledger.reader({ userId, deviceId: device }), stream, seq);
    }
  }

  onOpened(id: ReaderId, streams: readonly ReaderStream[]): void {
    const reader = this.#ledger.reader(id);
    const isNew = !reader.starts.has(inboxOf(id.userId));
    for (const { stream, cursor, queued } of streams) {
      const before = reader.cursors.get(stream);
      if (isNew) reader.starts.set(stream, cursor);
      else this.#requireAcknowledged(reader, stream, before ?? 0, cursor);
      this.#verdict.require(
        cursor >= (before ?? 0),
        'I4',
        () => `${nameOf(id)}: cursor of ${stream} went back from ${before} to ${cursor}`,
      );
      this.#raise(reader, stream, cursor);
      const owed = [...this.#ledger.owed(id.userId, stream, cursor, this.#ledger.head(stream))].length;
      this.#verdict.require(queued === owed, 'queued', () => `${nameOf(id)}: ${queued} queued in ${stream}, but ${owed} wait`);
    }
  }

  #raise(reader: ReaderRecord, stream: string, seq: number): void {
    reader.cursors.set(stream, Math.max(seq, reader.cursors.get(stream) ?? 0));
  }

  /** I4: a cursor passes only what this reader has received. */
  #requireAcknowledged(reader: ReaderRecord, stream: string, afterSeq: number, uptoSeq: number): void {
    for (const { seq } of this.#ledger.owed(reader.userId, stream, afterSeq, uptoSeq)) {
      const isReceived = reader.hasReceived(stream, seq);
      this.#verdict.require(isReceived, 'I4', () => `${nameOf(reader)}: cursor of ${stream} to ${uptoSeq}, but ${seq} was not received`);
    }
  }

  /** What one connection sends to one stream is stored in the order in which it was sent. A repetition may come late. */
  #checkOrder({ send, stream, seq }: Logged): void {
    if (send === undefined || send.attempts > 1) return;
    const key = `${send.origin.connection} ${stream}`;
    const before = this.#lastOfConnection.get(key) ?? -1;
    this.#verdict.require(
      send.origin.index > before,
      'order',
      () => `${stream} ${seq} (${send.token}) was stored after a later one of its sender`,
    );
    this.#lastOfConnection.set(key, send.origin.index);
  }

  #checkOnce(logged: Logged, clientMsgId: string): void {
    const key = JSON.stringify([logged.senderId, clientMsgId, logged.stream]);
    const first = this.#firstByClientId.get(key);
    // What has expired is forgotten.
    this.#verdict.require(
      first === undefined || first.isGone,
      'I5',
      () => `${logged.stream}: ${clientMsgId} is ${first?.seq} and again ${logged.seq}`,
    );
    this.#firstByClientId.set(key, logged);
  }
}

export const nameOf = ({ userId, deviceId }: ReaderId): string => (deviceId === '' ? userId : `${userId}/${deviceId}`);
