import type { StoreOptions } from '../ports/store.ts';

/** Places that are remembered, so that each is told once: a disk with more damage than this is told of well enough. */
const placesMax = 100_000;

/** The damaged messages that were found, each of which is told once. */
export class DamageLog {
  readonly #onDamaged: StoreOptions['onDamaged'];
  readonly #places = new Set<string>();

  constructor(onDamaged: StoreOptions['onDamaged']) {
    this.#onDamaged = onDamaged;
  }

  get count(): number {
    return this.#places.size;
  }

  add({ stream, seq }: Parameters<StoreOptions['onDamaged']>[0]): void {
    const key = `${seq} ${stream}`;
    if (this.#places.has(key) || this.#places.size >= placesMax) return;
    this.#places.add(key);
    this.#onDamaged({ stream, seq });
  }
}
