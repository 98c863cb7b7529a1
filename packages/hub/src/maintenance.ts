/** What the hub does from time to time: once a second the connections, once a minute the log. */
import { HubError } from '@parley/protocol';
import type { Core } from './core.ts';
import type { Cancel, Clock } from './lib/clock.ts';
import { every } from './lib/every.ts';
import type { Log } from './ports/log.ts';
import type { Retention, Store } from './ports/store.ts';

const tickMs = 1000;
/** A tenth of the shorter retention, but no more often than this, and at least this often. */
const expireIntervalMinMs = 1000;
const expireIntervalMaxMs = 60_000;

export interface MaintenancePorts {
  readonly core: Core;
  readonly store: Store;
  readonly clock: Clock;
  /** The retention clock, see `Store.expire`. */
  readonly runningMs: () => number;
  readonly retention: Retention;
  readonly log: Log;
}

/** Starts it; the returned function ends it. */
export function startMaintenance(ports: MaintenancePorts): Cancel {
  const { core, clock, retention } = ports;
  const shortestMs = Math.min(retention.deliveredMs, retention.undeliveredMs);
  const expireIntervalMs = Math.min(expireIntervalMaxMs, Math.max(expireIntervalMinMs, shortestMs / 10));
  let expiring = false;
  const stopTicks = every(clock, tickMs, () => core.tick());
  const stopExpiry = every(clock, expireIntervalMs, () => {
    if (expiring) return;
    expiring = true;
    void expire(ports).finally(() => {
      expiring = false;
    });
  });
  return () => {
    stopTicks();
    stopExpiry();
  };
}

/** Removes what the retention allows to remove, a bounded part at a time, so that sends are not held up. */
async function expire({ store, runningMs, retention, log }: MaintenancePorts): Promise<void> {
  try {
    let removed = 0;
    for (let more = true; more; ) {
      const part = await store.expire(retention, runningMs());
      removed += part.removed;
      more = part.more;
    }
    if (removed > 0) log.info({ removed }, `removed ${removed} messages older than the retention`);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    log.warn({ code: error.code }, `old messages could not be removed this time: ${error.message}`);
  }
}
