/** The calls of a cluster, over a connection that nothing else holds up. They are not repeated: who asks has to know that there was no answer. */
import { HubError } from '@parley/protocol';
import type { SharedStore } from '../../ports/shared-store.ts';
import {
  agreeOn,
  beatOnce,
  endNode,
  insertNode,
  readHeads,
  readMemberships,
  readMembersVersions,
  readNodeInfos,
  readPositions,
  readSessions,
} from './cluster-calls.ts';
import type { Sql } from './connection.ts';
import { isLost, type Link } from './link.ts';
import type { Call, StoreParts } from './parts.ts';
import { within } from './reads.ts';

/** As long as a beat may wait. */
const connectionWaitMs = 2_000;

type Calls = Pick<
  SharedStore,
  'beat' | 'positions' | 'heads' | 'memberships' | 'membersVersions' | 'sessions' | 'nodes' | 'declareDead' | 'rejoin' | 'agree'
>;

export interface Control {
  calls(call: Call): Calls;
  /** For work that locks much and may be repeated: on a connection of its own, one after the other. Refused with `overloaded` if it fails. */
  transaction<R>(run: (sql: Sql) => Promise<R>): Promise<R>;
}

export function createControl({ clock, current, identity, links, lanes, reads }: StoreParts): Control {
  const ask = async <R>(link: Link, run: (sql: Sql) => Promise<R>): Promise<R> => {
    const untilMs = clock.monotonic() + connectionWaitMs;
    const sql = await within(clock, untilMs, link.connection(), () => new Error('PostgreSQL does not answer'));
    try {
      return await run(sql);
    } catch (error) {
      if (isLost(error)) link.cut();
      throw error;
    }
  };
  const rejoin = async (): Promise<void> => {
    const { address, startedMs } = identity;
    current.node = await ask(links.control, async (sql) => {
      // It may only have lost commits, in a failover.
      await endNode(sql, current.node, null);
      return insertNode(sql, address, startedMs);
    });
    // So that the server lists them under the new name.
    for (const link of [links.messages, links.others, links.control, links.expire, ...links.reads]) link.cut();
    lanes.messages.begin(current.node);
    lanes.others.begin(current.node);
  };

  const inTransaction = <R>(run: (sql: Sql) => Promise<R>): Promise<R> =>
    ask(links.expire, async (sql) => {
      await sql.query({ text: 'BEGIN', values: [] });
      try {
        const value = await run(sql);
        await sql.query({ text: 'COMMIT', values: [] });
        return value;
      } catch (error) {
        await sql.query({ text: 'ROLLBACK', values: [] }).catch(() => {});
        throw error;
      }
    });
  let last: Promise<unknown> = Promise.resolve();

  return {
    calls: (call) => ({
      beat: () =>
        call(async () => {
          const lives = await ask(links.control, (sql) => beatOnce(sql, current.node));
          return lives && lanes.messages.isOpen && lanes.others.isOpen;
        }),
      positions: () => call(() => ask(links.control, readPositions)),
      heads: (streams) => call(() => readHeads(reads, streams)),
      memberships: (userIds) => call(() => readMemberships(reads, userIds)),
      membersVersions: (roomIds) => call(() => readMembersVersions(reads, roomIds)),
      sessions: () => call(() => readSessions(reads)),
      nodes: () => call(() => ask(links.control, readNodeInfos)),
      declareDead: (node, beat) => call(() => ask(links.control, (sql) => endNode(sql, node, beat))),
      rejoin: () => call(rejoin),
      agree: (key, value) => call(() => agreeOn(reads, key, value)),
    }),
    transaction: (run) => {
      const next = last
        .then(() => inTransaction(run))
        .catch((error: unknown) => {
          throw new HubError('overloaded', { retryAfterS: 1, cause: error });
        });
      last = next.catch(() => {});
      return next;
    },
  };
}
