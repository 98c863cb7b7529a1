import type { UserState } from '../ports/store.ts';

/**
 * Merges writes of user states: of each user only the newest state waits, however often the user changes it. A write that is merged into
 * an earlier one is durable with it.
 */
export class MergedStates {
  readonly #push: (take: () => readonly UserState[]) => Promise<unknown>;
  #waiting: { readonly states: Map<string, UserState>; readonly written: Promise<unknown> } | undefined;

  /** `push` queues a write whose states are taken when its batch is made. */
  constructor(push: (take: () => readonly UserState[]) => Promise<unknown>) {
    this.#push = push;
  }

  async save(states: readonly UserState[]): Promise<void> {
    this.#waiting ??= this.#begin();
    const { states: waiting, written } = this.#waiting;
    for (const state of states) waiting.set(state.userId, state);
    await written;
  }

  #begin() {
    const states = new Map<string, UserState>();
    const written = this.#push(() => {
      this.#waiting = undefined;
      return [...states.values()];
    });
    const forget = (): void => {
      if (this.#waiting?.states === states) this.#waiting = undefined;
    };
    written.catch(forget);
    return { states, written };
  }
}
