import type { CloseReason, ConnectionHandlers, InboundEvent } from '../ports/connection.ts';

/** Handlers that keep their promise not to throw: what a handler throws ends its connection, and nothing else. */
export class GuardedHandlers implements Required<ConnectionHandlers> {
  readonly #handlers: ConnectionHandlers;
  readonly #onFault: (error: unknown) => void;

  constructor(handlers: ConnectionHandlers, onFault: (error: unknown) => void) {
    this.#handlers = handlers;
    this.#onFault = onFault;
  }

  onEvent(event: InboundEvent): void {
    try {
      this.#handlers.onEvent(event);
    } catch (error) {
      this.#onFault(error);
    }
  }

  onAck(ackId: number, args: readonly unknown[]): void {
    try {
      this.#handlers.onAck?.(ackId, args);
    } catch (error) {
      this.#onFault(error);
    }
  }

  onPong(): void {
    try {
      this.#handlers.onPong();
    } catch (error) {
      this.#onFault(error);
    }
  }

  onDrain(): void {
    try {
      this.#handlers.onDrain();
    } catch (error) {
      this.#onFault(error);
    }
  }

  onClose(reason: CloseReason): void {
    try {
      this.#handlers.onClose(reason);
    } catch (error) {
      this.#onFault(error);
    }
  }
}
