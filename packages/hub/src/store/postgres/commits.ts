/** The two ordered queues of a node, and what they tell once a batch was answered. */
import { HubError } from '@parley/protocol';
import type { Clock } from '../../lib/clock.ts';
import type { Commit, Lane as LaneNumber, SharedMessage, SharedStoreHooks } from '../../ports/shared-store.ts';
import type { AppendRequest, StoreOptions } from '../../ports/store.ts';
import { CommitQueue } from '../commit-queue.ts';
import { describe, type Outcome } from '../outcome.ts';
import { append, appendBatch, repetitionsIn, resultOf } from './append.ts';
import { sqlState } from './connection.ts';
import type { Lane } from './lane.ts';
import { commitOthers, type OtherCall } from './lane-one.ts';
import type { GroupResult, SessionLimits } from './open-readers.ts';
import type { Recent } from './recent.ts';

export interface CommitsOptions extends SharedStoreHooks {
  readonly clock: Clock;
  readonly limits: StoreOptions & SessionLimits;
  readonly messages: Lane;
  readonly others: Lane;
  readonly recent: Recent;
  readonly pendingCallsMax: number;
  readonly pendingBytesMax: number;
}

export interface Commits {
  readonly appends: CommitQueue<AppendRequest>;
  readonly others: CommitQueue<OtherCall | (() => OtherCall)>;
}

const messagesLane: LaneNumber = 0;
const othersLane: LaneNumber = 1;

/** Of 500 on, larger batches cost latency and win nothing; and ids have room for 4,095. */
const appendsMax = 500;
/** They hold the locks of their rooms until the last is done. */
const othersMax = 100;
const batchBytesMax = 4 * 1024 * 1024;

/** What a lane has committed and not told yet. */
interface Done {
  readonly messages: SharedMessage[];
  readonly commits: Commit[];
}

export function createCommits(options: CommitsOptions): Commits {
  const { limits, recent, pendingCallsMax, pendingBytesMax } = options;
  const queue = { onFailed: limits.onFailed, pendingCallsMax, pendingBytesMax, batchBytesMax };
  const [appended, others]: readonly [Done, Done] = [
    { messages: [], commits: [] },
    { messages: [], commits: [] },
  ];
  const tell = ({ commits }: Done): void => {
    for (const commit of commits.splice(0)) options.onCommit(commit);
  };
  return {
    appends: new CommitQueue<AppendRequest>({
      ...queue,
      batchCallsMax: appendsMax,
      commit: (requests) => commitAppends(options, requests, appended),
      onAnswered: () => {
        const messages = appended.messages.splice(0);
        recent.add(messages);
        if (messages.length > 0) limits.onAppended(messages);
        tell(appended);
      },
    }),
    others: new CommitQueue<OtherCall | (() => OtherCall)>({
      ...queue,
      batchCallsMax: othersMax,
      commit: (waiting) => {
        recent.begin();
        const calls = waiting.map((call) => (typeof call === 'function' ? call() : call));
        return commitBatch(calls, (some) => commitGroups(options, some, others));
      },
      onAnswered: () => {
        recent.end();
        tell(others);
      },
    }),
  };
}

/** What is sent again while the first waits comes after it, when it is known how that ended. */
async function commitAppends(options: CommitsOptions, requests: readonly AppendRequest[], done: Done): Promise<readonly Outcome[]> {
  const { first, again } = repetitionsIn(requests);
  const outcomes = new Map<number, Outcome>();
  const run = async (indexes: readonly number[]): Promise<void> => {
    const chosen = indexes.flatMap((index) => requests[index] ?? []);
    const answers = await commitBatch(chosen, (some) => appendOnce(options, some, done));
    indexes.forEach((index, place) => {
      const answer = answers[place];
      if (answer !== undefined) outcomes.set(index, answer);
    });
  };
  await run(first);
  // Those whose first was stored, or repeats what is, are repetitions too. Otherwise one after the other, as they came.
  const isStored = (index: number): boolean => {
    const outcome = outcomes.get(again.get(index) ?? -1);
    return outcome !== undefined && ('value' in outcome || outcome.refusal.code === 'client_msg_id_conflict');
  };
  const stored = [...again.keys()].filter(isStored);
  if (stored.length > 0) await run(stored);
  for (const [index, earlier] of again) {
    const outcome = outcomes.get(earlier);
    if (!outcomes.has(index) && outcome !== undefined) outcomes.set(index, outcome);
  }
  return requests.flatMap((_, index) => outcomes.get(index) ?? []);
}

async function appendOnce(options: CommitsOptions, requests: readonly AppendRequest[], done: Done): Promise<readonly Outcome[]> {
  const batch = appendBatch(requests);
  const committed = await options.messages.commit({
    commit: async (sql, place) => ({ position: place.position, ...(await append(sql, batch, place, options.limits)) }),
    recover: (row) => row,
  });
  const { outcomes, messages } = resultOf(batch, committed);
  done.messages.push(...messages);
  done.commits.push({ lane: messagesLane, position: committed.position, messages, news: [] });
  return outcomes;
}

async function commitGroups(options: CommitsOptions, calls: readonly OtherCall[], done: Done): Promise<readonly Outcome[]> {
  // What the statements answered is here; only whether they were committed may have to be asked.
  let result: GroupResult = { outcomes: [], news: [] };
  const position = await options.others.commit({
    commit: async (sql, place) => {
      await commitOthers(sql, calls, place, options.limits, (some) => {
        result = some;
      });
      return place.position;
    },
    recover: (row) => row.position,
  });
  done.commits.push({ lane: othersLane, position, messages: [], news: result.news });
  return result.outcomes;
}

/** Refused by the server for whatever is in it: the calls are tried in halves, so that the one which can't be stored fails alone. */
async function commitBatch<C>(
  calls: readonly C[],
  commit: (calls: readonly C[]) => Promise<readonly Outcome[]>,
): Promise<readonly Outcome[]> {
  try {
    return await commit(calls);
  } catch (error) {
    const code = error instanceof HubError ? error.code : sqlState(error) === diskFull ? 'storage_full' : undefined;
    if (code !== undefined) return calls.map(() => ({ refusal: { code, cause: causeOf(error) } }));
    if (calls.length <= 1) return calls.map(() => ({ refusal: { code: 'internal_error', cause: describe(error) } }));
    const middle = Math.ceil(calls.length / 2);
    return [...(await commitBatch(calls.slice(0, middle), commit)), ...(await commitBatch(calls.slice(middle), commit))];
  }
}

const diskFull = '53100';

const causeOf = (error: unknown): string => describe(error instanceof HubError ? (error.cause ?? error) : error);
