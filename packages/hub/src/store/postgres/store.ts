/** The port, over two queues of commits and the connections that read. */
import { HubError } from '@parley/protocol';
import type { NodeSummary, SharedStore } from '../../ports/shared-store.ts';
import { Refused } from '../outcome.ts';
import { toHubError } from '../to-hub-error.ts';
import { endNode } from './cluster-calls.ts';
import { createControl } from './control.ts';
import { listNodes } from './node-list.ts';
import type { Call, StoreParts } from './parts.ts';
import { createReadCalls } from './read-calls.ts';
import { within } from './reads.ts';
import { createWriteCalls } from './write-calls.ts';

/** How long `close` waits for what was accepted, if the server is away. */
const closeWaitMs = 5_000;

export interface PostgresStore extends SharedStore {
  /** The nodes, as anybody may see them: without users who are invisible. */
  nodeSummaries(): Promise<readonly NodeSummary[]>;
}

export function createStore(parts: StoreParts): PostgresStore {
  let closing: Promise<void> | undefined;
  const call: Call = async (run) => {
    if (closing !== undefined) throw new HubError('shutting_down');
    try {
      return await run();
    } catch (error) {
      throw error instanceof Refused ? toHubError({ code: error.code }) : error;
    }
  };
  const control = createControl(parts);
  return {
    ...control.calls(call),
    ...createWriteCalls(parts, control, call),
    ...createReadCalls(parts, call),
    nodeSummaries: () => call(() => listNodes(parts.reads, { invisible: false })),
    get node() {
      return parts.current.node;
    },
    close() {
      closing ??= close(parts);
      return closing;
    },
  };
}

/** If the server stays away, what waits is refused. The node's row stays then, and others find that it does not live. */
async function close({ clock, current, commits, links }: StoreParts): Promise<void> {
  const all = [links.messages, links.others, links.control, links.expire, ...links.reads];
  const idle = Promise.all([commits.appends.idle(), commits.others.idle()]);
  try {
    const late = new HubError('shutting_down');
    const untilMs = clock.monotonic() + closeWaitMs;
    await within(clock, untilMs, idle, () => late);
    const sql = await within(clock, untilMs, links.control.connection(), () => late);
    await endNode(sql, current.node, null);
  } catch {
    for (const link of all) link.cut();
  }
  await Promise.all(all.map((link) => link.end()));
  await idle;
}
