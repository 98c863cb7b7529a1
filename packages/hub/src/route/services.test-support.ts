import { ManualClock } from '../lib/manual-clock.test-support.ts';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Connection } from '../ports/connection.ts';
import type { Reader, Session } from '../ports/session.ts';
import type { Store } from '../ports/store.ts';
import type { Services } from './services.ts';

/** A connection that keeps what it is sent. */
export class TestConnection implements Connection {
  readonly id: string;
  readonly handshake = { address: '', headers: {}, query: {}, auth: {}, issuedAtMs: 0 };
  readonly transport = 'websocket';
  readonly bufferedBytes = 0;
  readonly openedMs = 0;
  lastHeardMs = 0;
  isGone = false;
  readonly stalledSinceMs = undefined;
  readonly sent: string[] = [];

  constructor(id = 'connection-1') {
    this.id = id;
  }

  send(packet: OutgoingPacket): void {
    this.sent.push(packet.text);
  }

  ping(): boolean {
    return true;
  }

  /** How often it is held and not released. */
  holds = 0;
  isIdentified = false;

  hold(): void {
    this.holds += 1;
  }

  release(): void {
    this.holds -= 1;
    this.onReleased();
  }

  onReleased = (): void => {};

  identified(): void {
    this.isIdentified = true;
  }

  onClosed = (): void => {};

  close(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.onClosed();
  }
}

/** A session whose reader sends live events at once and reads nothing. */
export function testSession(userId: string, connection: Connection = new TestConnection()): Session {
  const reader: Reader = {
    userId,
    follow() {},
    unfollow() {},
    deliver() {},
    fallBehind() {},
    live: (packet) => connection.send(packet),
    presence: (_userId, packet) => connection.send(packet),
    acknowledge: () => true,
    onPong() {},
    onDrain() {},
    unacknowledged: () => [],
    close() {},
  };
  return { userId, deviceId: '', ackMode: 'pong', connection, reader };
}

/** Commands' view of a hub in which nobody is, over this store. Sessions are made when asked for. */
export function testServices(store: Store, replaced: Partial<Services> = {}): Services {
  return {
    store,
    clock: new ManualClock(),
    runningMs: () => 0,
    random: { id: () => 'random-id', fraction: () => 0 },
    sessions: {
      async register(connection, { userId }, enter) {
        // The real one asks the store first.
        await undefined;
        enter(testSession(userId, connection), { rooms: [], queued: 0, missed: 0 });
      },
      close() {},
    },
    directory: {
      sessionsOf: () => [],
      sessions: () => [],
      roomsOf: () => new Set(),
    },
    cluster: { isSure: true },
    members: { joined() {}, left() {}, deleted() {} },
    presence: {
      active() {},
      choose: () => undefined,
      chosen: () => undefined,
      view: (userId) => ({ userId, state: 'offline', statusText: undefined, lastSeenMs: undefined, connections: 0 }),
    },
    watches: { watch: () => true, unwatch() {} },
    limits: { contentBytesMax: 1000, contentDepthMax: 5, roomMembersDefault: 100, roomsCreateOnJoin: true, messageBytesMax: 2000 },
    live: { toUser: () => 0, toRoom: () => 0, toAll: () => 0 },
    roomFor: () => 1_000_000,
    onEvent() {},
    ...replaced,
  };
}
