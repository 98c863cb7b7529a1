import type { StoredMessage, StoreOptions } from '../ports/store.ts';

/** Gathers the messages of one batch, so that their readers are given them together. */
export class Announcer {
  readonly #onAppended: StoreOptions['onAppended'];
  #messages: StoredMessage[] = [];

  constructor(onAppended: StoreOptions['onAppended']) {
    this.#onAppended = onAppended;
  }

  add(message: StoredMessage): void {
    this.#messages.push(message);
  }

  flush(): void {
    if (this.#messages.length === 0) return;
    const messages = this.#messages;
    this.#messages = [];
    this.#onAppended(messages);
  }
}
