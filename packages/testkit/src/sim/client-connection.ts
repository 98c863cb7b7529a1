/**
 * One connection of a client, as a stock Socket.IO client has it: it answers pings in order, gives up when they stay out, numbers
 * the events whose answer it waits for, and hands the rest to its owner. It counts answers: each event has exactly one.
 */

import type { Cancel } from '@parley/hub/testing';
import { commandTable, type ErrorCode, encodeEvent, isCommandName, type SocketPacket } from '@parley/protocol';
import { fieldsOf } from './payload.ts';
import type { SimClock } from './sim-clock.ts';
import type { ClientEnd, Downward, Link } from './sim-network.ts';
import type { Verdict } from './violation.ts';

export type Fields = Record<string, unknown>;

export interface ConnectionOwner {
  /** The hub has accepted the connection. */
  onConnected(): void;
  onEvent(name: string, fields: Fields): void;
  /** It is over, whoever ended it. */
  onClosed(): void;
}

export interface ClientConnectionPorts {
  readonly name: string;
  readonly clock: SimClock;
  readonly verdict: Verdict;
  /** Without a ping for this time the hub counts as gone. */
  readonly silenceMaxMs: number;
}

export class ClientConnection implements ClientEnd {
  readonly name: string;
  readonly #ports: ClientConnectionPorts;
  readonly #owner: ConnectionOwner;
  readonly #answers = new Map<number, (answer: Fields) => void>();
  /** Events without acknowledgement that are not answered yet, by the event that answers them. */
  readonly #awaited = new Map<string, number>();
  #link: Link | undefined;
  #nextAckId = 0;
  #cancelSilence: Cancel;
  #isOpen = true;
  #isConnected = false;

  constructor(owner: ConnectionOwner, ports: ClientConnectionPorts) {
    this.name = ports.name;
    this.#ports = ports;
    this.#owner = owner;
    this.#cancelSilence = this.#awaitPing();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The hub has accepted it, so events can be sent. */
  get isConnected(): boolean {
    return this.#isOpen && this.#isConnected;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /** How many events have not been answered yet. */
  get unanswered(): number {
    return this.#answers.size + [...this.#awaited.values()].reduce((sum, count) => sum + count, 0);
  }

  attach(link: Link): void {
    this.#link = link;
  }

  /** Sends an event, if it can; with `onAnswer` it asks for an acknowledgement. */
  emit(name: string, payload: Fields, onAnswer?: (answer: Fields) => void): void {
    if (!this.isConnected) return;
    const ackId = onAnswer === undefined ? undefined : this.#nextAckId++;
    if (ackId === undefined || onAnswer === undefined) this.#await(replyOf(name), 1);
    else this.#answers.set(ackId, onAnswer);
    const { text } = encodeEvent('/', [name, payload], ackId);
    this.#link?.up.push({ kind: 'packet', text, bytes: text.length });
  }

  /** Its handshake has registered it, for which the hub sends the reply to a `register`. */
  expectRegistered(): void {
    this.#await('registered', 1);
  }

  /** Leaves in good order. */
  close(): void {
    if (!this.#isOpen) return;
    this.#link?.up.push({ kind: 'packet', text: '1', bytes: 1 });
    this.#link?.up.push({ kind: 'end', bytes: 1 });
    this.#end();
  }

  /** The client, or its machine, is gone without a word. */
  vanish(isSeenByHub: boolean): void {
    this.#link?.cut({ hub: isSeenByHub, client: false });
    this.#end();
  }

  onArrival(item: Downward): void {
    if (!this.#isOpen) return;
    if (item.kind === 'packet') {
      this.#onPacket(item.packet);
    } else if (item.kind === 'ping') {
      this.#cancelSilence();
      this.#cancelSilence = this.#awaitPing();
      this.#link?.up.push({ kind: 'pong', bytes: 1 });
    } else {
      this.#link?.up.push({ kind: 'end', bytes: 1 });
      this.#end();
    }
  }

  onReset(): void {
    this.#end();
  }

  #onPacket(packet: SocketPacket): void {
    if (packet.type === 'connect') {
      this.#isConnected = true;
      this.#owner.onConnected();
    } else if (packet.type === 'ack') {
      const onAnswer = this.#answers.get(packet.ackId);
      const isAwaited = this.#answers.delete(packet.ackId);
      this.#ports.verdict.require(isAwaited, 'one answer', () => `${this.name}: an acknowledgement without an event, or a second one`);
      onAnswer?.(fieldsOf(packet.args[0]));
    } else if (packet.type === 'event') {
      const [name, payload] = packet.args;
      const fields = fieldsOf(payload);
      if (name === 'error' && !unasked.has(fields.code)) this.#await(replyOf(String(fields.event)), -1);
      else if (replyNames.has(name)) this.#await(name, -1);
      this.#owner.onEvent(name, fields);
    }
  }

  #await(reply: string, change: 1 | -1): void {
    const count = (this.#awaited.get(reply) ?? 0) + change;
    this.#ports.verdict.require(count >= 0, 'one answer', () => `${this.name}: ${reply} without an event, or a second one`);
    this.#awaited.set(reply, count);
  }

  #awaitPing(): Cancel {
    return this.#ports.clock.after(this.#ports.silenceMaxMs, () => this.vanish(false));
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#cancelSilence();
    this.#owner.onClosed();
  }
}

/** Failures that answer no event. */
const unasked: ReadonlySet<unknown> = new Set<ErrorCode>(['presence_missed', 'message_damaged', 'message_too_large', 'stream_unreadable']);

const replyNames: ReadonlySet<string> = new Set(Object.values(commandTable).map(({ reply }) => reply));

/** The event that answers a client's event. */
function replyOf(name: string): string {
  return isCommandName(name) ? commandTable[name].reply : name;
}
