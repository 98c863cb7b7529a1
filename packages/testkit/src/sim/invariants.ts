/**
 * The promises of ARCHITECTURE.md, judged in every turn of a simulation and once more when everything has come to rest. The
 * judgement is made from the ledger, and from what the core shows of itself.
 */
import { inboxOf } from '@parley/hub';
import type { Core } from '@parley/hub/testing';
import type { SocketPacket } from '@parley/protocol';
import type { MemoryState } from '../memory-state.ts';
import { DeliveryInvariants } from './delivery-invariants.ts';
import type { Ledger, ReaderRecord } from './ledger.ts';
import type { SimClient } from './sim-client.ts';
import type { StoreObserver } from './sim-store.ts';
import { nameOf, StoreInvariants } from './store-invariants.ts';
import type { Verdict } from './violation.ts';

export interface InvariantPorts {
  readonly ledger: Ledger;
  readonly verdict: Verdict;
  readonly users: readonly string[];
  /** What may wait for a connection before a message or a live event is given to it. */
  readonly outboxBytesMax: number;
}

/** What a process of the hub shows of itself. */
export interface ObservedProcess {
  readonly core: Core;
}

export class Invariants {
  readonly delivery: DeliveryInvariants;
  readonly storeObserver: StoreObserver;
  readonly #ports: InvariantPorts;

  constructor(ports: InvariantPorts) {
    const { ledger, verdict } = ports;
    this.#ports = ports;
    this.delivery = new DeliveryInvariants(ledger, verdict);
    const store = new StoreInvariants(ledger, verdict);
    this.storeObserver = {
      onAppended: (message) => store.onAppended(message),
      onOpened: (reader, streams) => store.onOpened(reader, streams),
      onAdvance: (advances) => store.onAdvance(advances),
      onAdvanced: (advances) => store.onAdvanced(advances),
      onJoined: (roomId, userId, joinedSeq) => ledger.join(roomId, userId, joinedSeq),
      onLeft: (roomId, userId) => ledger.leave(roomId, userId),
      onRemoved: (state) => this.#onRemoved(state),
      onOpenAnswered: () => {},
      onJoinAnswered: (roomId, userId, joinedSeq) => this.delivery.onJoined(userId, roomId, joinedSeq),
      onLeaveAnswered: (roomId, userId) => this.delivery.onLeft(userId, roomId),
    };
  }

  onSent(connection: string, packet: SocketPacket, bytesBefore: number): void {
    const { verdict, outboxBytesMax } = this.#ports;
    if (packet.type === 'event' && pushedEvents.has(packet.args[0])) {
      const what = packet.args[0];
      verdict.require(bytesBefore <= outboxBytesMax, 'I6', () => `${connection}: ${what} was queued behind ${bytesBefore} bytes`);
    }
    this.delivery.onSent(connection, packet);
  }

  /** What the core believes is what there is, in every moment. */
  afterTurn({ core }: ObservedProcess): void {
    const { streams } = core.fanout;
    const { verdict, users, ledger } = this.#ports;
    for (const userId of users) {
      const count = this.delivery.connectionsOf(userId);
      const known = core.pool.sessionsOf(userId).length;
      verdict.require(known === count, 'I7', () => `${userId} has ${count} registered connections, the pool knows ${known}`);
      const isThere = core.fanout.presence.chosen(userId) !== undefined;
      verdict.require(isThere === count > 0, 'I7', () => `${userId} has ${count} registered connections, and presence says ${isThere}`);
      const { state, connections } = core.fanout.presence.view(userId);
      verdict.require(state === 'offline' || connections === count, 'I7', () => `${userId}: presence counts ${connections}, not ${count}`);
    }
    for (const stream of new Set([...ledger.streams(), ...users.map(inboxOf)])) {
      const followers = this.delivery.followersOf(stream);
      const readers = streams.readers(stream).size;
      verdict.require(readers === followers, 'I6', () => `${stream} is followed by ${followers} connections and kept for ${readers}`);
      const head = streams.head(stream);
      verdict.require((head !== undefined) === followers > 0, 'I6', () => `${stream} has ${followers} followers and the head ${head}`);
      verdict.require(
        (head ?? 0) <= ledger.head(stream),
        'I13',
        () => `${stream} has the head ${head}, and ${ledger.head(stream)} messages`,
      );
    }
    verdict.require(core.unexpectedFailures === 0, 'I8', () => 'a command failed in a way that no code foresees');
  }

  /** A process has ended in good order. */
  onDrained({ core }: ObservedProcess): void {
    const { streams } = core.fanout;
    const { verdict, users } = this.#ports;
    const { total } = core.pool.stats();
    verdict.require(total === 0, 'I12', () => `${total} connections are left after a drain`);
    verdict.require([...core.fanout.presence.online()].length === 0, 'I7', () => 'somebody is online after a drain');
    const kept = users.map(inboxOf).filter((stream) => streams.head(stream) !== undefined);
    verdict.require(kept.length === 0, 'I6', () => `streams are kept after a drain: ${kept.join(', ')}`);
  }

  /** The faults are over, everyone has come back, and nothing moves any more: all that was promised has to be there. */
  atRest(clients: readonly SimClient[], process: ObservedProcess): void {
    const { ledger, verdict } = this.#ports;
    for (const client of clients) verdict.require(client.isAtRest, 'one answer', () => `${client.name} still waits: ${client.state}`);
    const wrong = this.wrongPresence(clients, process);
    if (wrong !== undefined) verdict.fail('I7', wrong);
    for (const { token, stream, acknowledged } of ledger.sends.values()) {
      if (acknowledged === undefined) continue;
      const stored = ledger.message(stream, acknowledged.seq);
      verdict.require(
        stored?.send?.token === token,
        'I1',
        () => `${token} was acknowledged as ${stream} ${acknowledged.seq}, which is something else`,
      );
    }
    for (const stream of ledger.streams()) for (const { send } of ledger.log(stream)) this.#requireNotRefused(send);
    for (const reader of ledger.readers.values()) if (reader.starts.size > 0) this.#requireComplete(reader);
  }

  /** What a watcher believes of a user, and is not so. */
  wrongPresence(clients: readonly SimClient[], { core }: ObservedProcess): string | undefined {
    for (const { name, presence } of clients) {
      for (const [userId, state] of presence) {
        const actual = core.fanout.presence.view(userId).state;
        if (state !== actual) return `${name} believes that ${userId} is ${state}; it is ${actual}`;
      }
    }
    return undefined;
  }

  #requireNotRefused(send: { token: string; attempts: number; refused: number } | undefined): void {
    if (send === undefined) return;
    this.#ports.verdict.require(send.refused < send.attempts, 'refused', () => `${send.token} was refused, and stored`);
  }

  /** I3, I4: each reader has received everything that was for it, and its cursors say so. */
  #requireComplete(reader: ReaderRecord): void {
    const { ledger, verdict } = this.#ports;
    // What one device has received moves the user along, and another connection without a device starts there.
    const sources = reader.deviceId === '' ? ledger.readersOf(reader.userId) : [reader];
    for (const stream of ledger.streamsOf(reader.userId)) {
      const head = ledger.head(stream);
      for (const { seq } of ledger.owed(reader.userId, stream, reader.starts.get(stream) ?? 0, head)) {
        const isReceived = sources.some((source) => source.hasReceived(stream, seq));
        verdict.require(isReceived, 'lost', () => `${nameOf(reader)} has never received ${stream} ${seq} of ${head}`);
      }
      const cursor = reader.cursors.get(stream) ?? 0;
      const [unacknowledged] = ledger.owed(reader.userId, stream, cursor, head);
      verdict.require(unacknowledged === undefined, 'I4', () => `${nameOf(reader)}: cursor of ${stream} stays at ${cursor} of ${head}`);
    }
  }

  #onRemoved(state: MemoryState): void {
    const { ledger } = this.#ports;
    for (const reader of ledger.readers.values()) {
      if (state.readers.get(reader.userId)?.has(reader.deviceId) !== true) reader.forget();
    }
    for (const stream of ledger.streams()) {
      const { messages, trimmed } = state.streams.get(stream) ?? { messages: [], trimmed: 0 };
      const left = new Set(messages.map(({ seq }) => seq));
      for (const logged of ledger.log(stream)) if (logged.seq <= trimmed || !left.has(logged.seq)) logged.isGone = true;
    }
  }
}

/** What the hub sends by itself, as opposed to answers, of which the client decides how many there are. */
const pushedEvents: ReadonlySet<string> = new Set([
  'message',
  'room_message',
  'broadcast',
  'signal',
  'message_delivered',
  'user_joined',
  'user_left',
]);
