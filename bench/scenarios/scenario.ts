/** What a scenario is, and what it is given. */
import type { ServerProcess } from '../lib/server-process.ts';
import type { System } from '../systems.ts';

/** How long and how large. `--quick` makes everything small. */
export interface Scale {
  readonly isQuick: boolean;
  /** The duration of a measurement that has none of its own. */
  readonly seconds: number;
}

export interface Run {
  readonly system: System;
  readonly scale: Scale;
  /** Starts a fresh server of the system. It is stopped when the scenario returns. */
  start(): Promise<ServerProcess>;
  /** Kills a server and starts another one on its data. */
  restart(server: ServerProcess): Promise<ServerProcess>;
}

/** Values by the names in `Scenario.figures`. */
export type Figures = Readonly<Record<string, number>>;

export interface FigureSpec {
  /** For people, with the unit. */
  readonly label: string;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** What was done, in a sentence or two. */
  readonly method: string;
  readonly systems: readonly string[];
  /** In the order of the table's columns; the first one is drawn. */
  readonly figures: Readonly<Record<string, FigureSpec>>;
  /** Measures one system once. Rejects if anything is missing or came twice. */
  run(run: Run): Promise<Figures>;
}
