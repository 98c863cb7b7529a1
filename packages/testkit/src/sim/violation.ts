/** A broken promise of the hub. The first one ends a run: what follows is only its consequence. */
export interface Violation {
  /** The invariant of ARCHITECTURE.md, or what else was promised. */
  readonly invariant: string;
  readonly message: string;
}

export class Verdict {
  #first: Violation | undefined;

  get first(): Violation | undefined {
    return this.#first;
  }

  /** Notes what was broken and returns: the hub is in the middle of something, and must not notice. */
  fail(invariant: string, message: string): void {
    this.#first ??= { invariant, message };
  }

  require(isKept: boolean, invariant: string, message: () => string): void {
    if (!isKept) this.fail(invariant, message());
  }
}
