/** Which frames of one node were heard already (pure), for what has no position. What is far behind the newest counts as heard. */
export class Serials {
  readonly #heard = new Set<number>();
  #highest = 0;

  /** False: heard before. */
  hear(serial: number): boolean {
    if (serial <= this.#highest - windowSize || this.#heard.has(serial)) return false;
    this.#heard.add(serial);
    this.#highest = Math.max(this.#highest, serial);
    // Kept in the order of coming, which is nearly that of the serials.
    for (const oldest of this.#heard) {
      if (this.#heard.size <= windowSize) break;
      this.#heard.delete(oldest);
    }
    return true;
  }
}

const windowSize = 1024;
