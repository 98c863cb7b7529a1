import type { StoreOptions } from '../ports/store.ts';

type Callbacks = Pick<StoreOptions, 'onDamaged' | 'onDamagedPart'>;

/** Places that are remembered, so that each is reported once. With more damage than this nothing more is reported. */
const placesMax = 100_000;

/** The damage that was found. Each place is reported once. */
export class DamageLog {
  readonly #callbacks: Callbacks;
  readonly #places = new Set<string>();
  readonly #parts = new Set<string>();

  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks;
  }

  /** Damaged messages. */
  get count(): number {
    return this.#places.size;
  }

  get isEmpty(): boolean {
    return this.#places.size + this.#parts.size === 0;
  }

  add({ stream, seq }: Parameters<Callbacks['onDamaged']>[0]): void {
    const key = `${seq} ${stream}`;
    if (this.#places.has(key) || this.#places.size >= placesMax) return;
    this.#places.add(key);
    this.#callbacks.onDamaged({ stream, seq });
  }

  /** Damage that is in no message; `cause` is for the operator. */
  addPart(cause: string): void {
    if (this.#parts.has(cause)) return;
    this.#parts.add(cause);
    this.#callbacks.onDamagedPart(cause);
  }
}
