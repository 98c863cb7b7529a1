import type { Connection, Handshake } from './connection.ts';

/** A connection on which nothing happens, to be changed by tests. */
export class TestConnection implements Connection {
  readonly id: string;
  readonly handshake: Handshake;
  readonly transport = 'websocket';
  readonly bufferedBytes = 0;
  readonly openedMs = 0;
  readonly stalledSinceMs = undefined;
  isGone = false;
  lastHeardMs = 0;

  constructor(id: string, auth: Handshake['auth'] = {}) {
    this.id = id;
    this.handshake = { address: '', headers: {}, query: {}, auth, issuedAtMs: 0 };
  }

  send(): void {}

  ping(): boolean {
    return true;
  }

  hold(): void {}

  release(): void {}

  identified(): void {}

  close(): void {}
}
