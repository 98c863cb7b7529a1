import type { TimedEvent } from '../history/events.ts';
import { Ledger } from '../history/ledger.ts';
import type { World } from '../history/world.ts';
import type { Check, Violation } from './check.ts';

/** Shows events to checks as they come, each before the ledger applies it. */
export class CheckRun {
  readonly ledger: Ledger;
  readonly violations: Violation[] = [];
  readonly #watching;

  constructor(world: World, checks: readonly Check[]) {
    this.ledger = new Ledger(world);
    this.#watching = checks.map(({ name, watch }) =>
      watch(this.ledger, (violation) => {
        this.violations.push({ check: name, ...violation, foundAt: this.ledger.eventCount });
      }),
    );
  }

  on(event: TimedEvent): void {
    for (const watching of this.#watching) watching.on(event);
    this.ledger.apply(event);
  }

  end(): void {
    for (const watching of this.#watching) watching.end?.();
  }
}
