/**
 * The way of a session from polling to WebSocket:
 *
 *     WebSocket open ──2probe──► probed: 3probe, and polls are answered ──5──► the WebSocket takes over
 *           ├─── 5, from clients that do not probe (Elephant.io) ───────────────────────►┘
 *           └─── anything else, its end, or upgradeTimeoutMs ───► aborted: polling goes on
 *
 * Until `5` nothing but `3probe` is sent on the WebSocket. The client sends it when its last poll was answered
 * and it polls no more, so the packets before and after it are in order.
 */
import type { EnginePacket } from '@parley/protocol';
import type { Deadlines } from '../lib/deadlines.ts';
import type { EngineSession } from './engine-session.ts';
import { probePongPacket } from './outgoing.ts';
import type { Transport, TransportListener } from './transport.ts';
import { noListener } from './transport.ts';

export class Upgrade implements TransportListener {
  readonly #session: EngineSession;
  readonly #transport: Transport;
  readonly #timeout: Deadlines<Upgrade>;
  readonly #onUpgraded: () => void;
  #isProbed = false;

  constructor(session: EngineSession, transport: Transport, timeout: Deadlines<Upgrade>, onUpgraded: () => void) {
    this.#session = session;
    this.#transport = transport;
    this.#timeout = timeout;
    this.#onUpgraded = onUpgraded;
    transport.listener = this;
    timeout.start(this);
    session.startUpgrade(this);
  }

  get isProbed(): boolean {
    return this.#isProbed;
  }

  get incompleteBytes(): number {
    return this.#transport.incompleteBytes;
  }

  abort(): void {
    this.#timeout.stop(this);
    this.#session.endUpgrade(undefined);
    this.#transport.listener = noListener;
    this.#transport.close('transport close', false);
  }

  onPacket(packet: EnginePacket): void {
    if (packet.type === 'ping' && packet.data === 'probe' && !this.#isProbed) this.#answerProbe();
    else if (packet.type === 'upgrade') this.#complete();
    else this.abort();
  }

  onHeld(): void {
    this.#session.onHeld();
  }

  onWritable(): void {}

  onTaken(): void {}

  onEnd(): void {
    this.abort();
  }

  #answerProbe(): void {
    this.#isProbed = true;
    if (this.#transport.writable) this.#transport.write([probePongPacket]);
    this.#session.releasePoll();
  }

  #complete(): void {
    this.#timeout.stop(this);
    this.#session.endUpgrade(this.#transport);
    this.#onUpgraded();
  }
}
