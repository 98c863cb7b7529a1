/** What a hub stands on: a database file of its own, or its place in a cluster. */
import type { HubSettings } from './config/options.ts';
import { sqlite } from './config/servers.ts';
import type { Clock } from './lib/clock.ts';
import type { Random } from './lib/random.ts';
import type { Member } from './member.ts';
import type { Log } from './ports/log.ts';
import type { Store, StoreOptions } from './ports/store.ts';
import { openSqliteStore } from './store/sqlite/open.ts';

export interface BaseOptions extends Pick<StoreOptions, 'onAppended' | 'onFailed'> {
  readonly config: HubSettings & { readonly data: string };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Base {
  readonly store: Store;
  /** Undefined for a hub alone. */
  readonly member: Member | undefined;
  /** Commits what was accepted, and ends. */
  close(): Promise<void>;
}

/** Rejects with `StoreStartError`, one sentence for the operator. */
export async function openBase({ config, clock, random, log, onAppended, onFailed }: BaseOptions): Promise<Base> {
  const storeOptions = { ...config, onAppended, onFailed, ...tellOfDamage(log) };
  if (config.store === sqlite) {
    const store = await openSqliteStore({ ...storeOptions, dataFolder: config.data });
    return { store, member: undefined, close: () => store.close() };
  }
  // A hub on SQLite does without the driver.
  const { openMember } = await import('./member.ts');
  const member = await openMember({ config, clock, random, log, storeOptions });
  return { store: member.store, member, close: () => member.leave() };
}

function tellOfDamage(log: Log): Pick<Parameters<typeof openSqliteStore>[0], 'onDamaged' | 'onDamagedPart' | 'onChecked'> {
  return {
    onDamaged: (place) => log.error(place, 'a stored message is damaged: it is left out, and its receivers get an error in its place'),
    onDamagedPart: (cause) =>
      log.error(
        { cause },
        'the database is damaged: what needs the damaged part is refused, the rest goes on; restore a backup, or read docs/guarantees.md',
      ),
    onChecked: ({ state, damagedMessages }, problem) => {
      if (state === 'ok') log.debug({}, 'the database was checked, and nothing is wrong with it');
      else
        log.error({ damaged_messages: damagedMessages, problem }, 'the database is damaged: restore a backup, or read docs/guarantees.md');
    },
  };
}
