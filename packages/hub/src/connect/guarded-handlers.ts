import type { CloseReason, ConnectionHandlers, InboundEvent } from '../ports/connection.ts';

interface FaultListener {
  onFault(error: unknown): void;
}

/** Handlers that keep their promise not to throw: what a handler throws ends its connection, and nothing else. */
export class GuardedHandlers implements ConnectionHandlers {
  readonly #handlers: ConnectionHandlers;
  readonly #owner: FaultListener;

  constructor(handlers: ConnectionHandlers, owner: FaultListener) {
    this.#handlers = handlers;
    this.#owner = owner;
  }

  onEvent(event: InboundEvent): void {
    try {
      this.#handlers.onEvent(event);
    } catch (error) {
      this.#owner.onFault(error);
    }
  }

  onPong(): void {
    try {
      this.#handlers.onPong();
    } catch (error) {
      this.#owner.onFault(error);
    }
  }

  onDrain(): void {
    try {
      this.#handlers.onDrain();
    } catch (error) {
      this.#owner.onFault(error);
    }
  }

  onClose(reason: CloseReason): void {
    try {
      this.#handlers.onClose(reason);
    } catch (error) {
      this.#owner.onFault(error);
    }
  }
}
