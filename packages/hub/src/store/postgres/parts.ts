import type { Clock } from '../../lib/clock.ts';
import type { NodeId } from '../../ports/shared-store.ts';
import type { StoreOptions } from '../../ports/store.ts';
import type { DamageLog } from '../damage-log.ts';
import type { Commits } from './commits.ts';
import type { Sql } from './connection.ts';
import type { Lane } from './lane.ts';
import type { Link } from './link.ts';
import type { Recent } from './recent.ts';

/** What a store is made of. */
export interface StoreParts {
  readonly options: StoreOptions & { readonly countedForMs?: number | undefined };
  readonly clock: Clock;
  readonly current: { node: NodeId };
  readonly identity: { readonly address: string; readonly startedMs: number };
  readonly links: {
    readonly messages: Link;
    readonly others: Link;
    readonly control: Link;
    readonly expire: Link;
    readonly reads: readonly Link[];
  };
  readonly lanes: { readonly messages: Lane; readonly others: Lane };
  readonly commits: Commits;
  readonly recent: Recent;
  readonly reads: Sql;
  readonly damage: DamageLog;
}

/** Runs a call of the port, unless the store was closed. */
export type Call = <R>(run: () => Promise<R>) => Promise<R>;
