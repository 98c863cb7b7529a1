/** The hub without its edges over a store in memory, with clients that stand where their connections would. */
import { createMemoryStore, testStoreOptions } from '@parley/testkit';
import { defaults, hubSettings } from './config/options.ts';
import { Core, type CorePorts, type CoreSettings } from './core.ts';
import { openAuthenticator } from './identify/open-authenticator.ts';
import { ManualClock } from './lib/manual-clock.test-support.ts';
import type { ConnectionHandlers, InboundEvent } from './ports/connection.ts';
import { silentLog } from './ports/log.ts';
import type { Store, StoreOptions } from './ports/store.ts';
import { TestConnection } from './route/services.test-support.ts';

interface Payload {
  readonly [key: string]: unknown;
}

export interface TestHubOptions {
  readonly settings?: Partial<CoreSettings>;
  readonly store?: Partial<StoreOptions>;
  /** What a node of a cluster shares with others. */
  readonly node?: Pick<CorePorts, 'cluster' | 'shared' | 'store'> & { readonly clock: ManualClock };
}

export function startTestHub({ settings = {}, store: storeOptions = {}, node }: TestHubOptions = {}) {
  const clock = node?.clock ?? new ManualClock();
  const onAppended: StoreOptions['onAppended'] = (messages) => core.fanout.streams.publish(messages);
  const store: Store = node?.store ?? createMemoryStore({ ...testStoreOptions, ...storeOptions, onAppended });
  const core: Core = new Core({
    ...node,
    settings: { ...hubSettings(defaults), connectionBytesMax: 10_000_000, ...settings },
    store,
    clock,
    runningMs: () => clock.monotonic(),
    random: { id: () => 'random-id', fraction: () => 0.5 },
    authenticator: openAuthenticator,
    outboxBytes: () => 0,
    log: silentLog,
    version: '0',
    onEvent() {},
  });
  let connections = 0;

  /** Connects and says in the handshake who it is. */
  const connect = async (userId: string, auth: object = {}): Promise<TestClient> => {
    connections += 1;
    const connection = new TestConnection(`connection-${connections}`);
    Object.assign(connection.handshake.auth, { user_id: userId, ...auth });
    const handlers = await core.accept(connection, '/');
    if ('refuse' in handlers) throw new Error(handlers.refuse.message);
    return new TestClient(connection, handlers, clock);
  };
  return { core, store, clock, connect };
}

export class TestClient {
  readonly #connection: TestConnection;
  readonly #handlers: ConnectionHandlers;
  readonly #clock: ManualClock;
  /** What the client has sent while its connection is held. */
  readonly #unread: InboundEvent[] = [];
  #asked = 0;

  constructor(connection: TestConnection, handlers: ConnectionHandlers, clock: ManualClock) {
    this.#connection = connection;
    connection.onClosed = () => this.#handlers.onClose('forced close');
    this.#handlers = handlers;
    this.#clock = clock;
    connection.onReleased = () => this.#read();
  }

  /** Sends an event and resolves with the hub's reply, a failure too. */
  async ask(name: string, payload: object): Promise<Payload> {
    const ackId = this.#asked++;
    this.#unread.push({ name, args: [payload], text: JSON.stringify([name, payload]), ackId });
    this.#read();
    await settled();
    const [reply] = this.#sent(`3${ackId}[`);
    if (reply === undefined) throw new Error(`${name} got no reply`);
    return JSON.parse(reply)[0];
  }

  /** The payloads of all events of this name so far. */
  all(name: string): Payload[] {
    return this.#sent(`2["${name}",`).map((text) => JSON.parse(text)[1]);
  }

  /** Answers the ping that follows what it was sent, and lets the hub write that down. */
  async acknowledge(): Promise<void> {
    this.#pong();
    await settled();
    this.#clock.advance(1000);
    await settled();
  }

  /** Answers the ping, and is gone before the hub has written that down. */
  async acknowledgeAndLeave(): Promise<void> {
    this.#pong();
    await this.close();
    this.#clock.advance(1000);
    await settled();
  }

  /** Something came from it. */
  heard(monotonicMs: number): void {
    this.#connection.lastHeardMs = monotonicMs;
  }

  /** Its transport has ended. */
  get isGone(): boolean {
    return this.#connection.isGone;
  }

  async close(): Promise<void> {
    this.#connection.isGone = true;
    this.#handlers.onClose('transport close');
    await settled();
  }

  #pong(): void {
    this.#clock.advance(1000);
    this.#handlers.onPong();
  }

  #read(): void {
    while (this.#connection.holds === 0) {
      const event = this.#unread.shift();
      if (event === undefined) return;
      this.#handlers.onEvent(event);
    }
  }

  #sent(start: string): string[] {
    const texts = this.#connection.sent.flatMap((text) => text.split('\u001e'));
    return texts.filter((text) => text.startsWith(start)).map((text) => text.slice(text.indexOf('[')));
  }
}

/** Everything that was under way is done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
