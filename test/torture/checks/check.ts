/** What a check is: it sees every event once, in order, and says what must not be. */
import type { TimedEvent } from '../history/events.ts';
import type { Ledger } from '../history/ledger.ts';

/** What is wrong, and which part of the history shows it. */
export interface Violation {
  readonly check: string;
  readonly problem: string;
  readonly stream?: number;
  readonly seq?: number;
  readonly message?: number;
  readonly connection?: number;
  readonly user?: number;
  /** The number of the event at which it was found; none if it was what never came. */
  readonly foundAt?: number;
}

export type Report = (violation: Omit<Violation, 'check' | 'foundAt'>) => void;

export interface Watching {
  /** The ledger holds what came before the event. */
  on(event: TimedEvent): void;
  /** After the last event. */
  end?(): void;
}

export interface Check {
  readonly name: string;
  readonly watch: (ledger: Ledger, report: Report) => Watching;
}
