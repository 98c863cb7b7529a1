import type { Database } from 'better-sqlite3';
import type { StoreLimits } from '../../../ports/store.ts';
import type { Access } from './access.ts';
import type { Counters } from './counters.ts';
import type { FirstMembers } from './first-members.ts';
import type { OpenReaders } from './open-readers.ts';
import type { StreamStates } from './stream-states.ts';

/** What the writes of one connection share. */
export interface WriteContext {
  readonly db: Database;
  readonly streams: StreamStates;
  readonly counters: Counters;
  readonly access: Access;
  readonly firstMembers: FirstMembers;
  readonly opened: OpenReaders;
  readonly limits: StoreLimits;
}
