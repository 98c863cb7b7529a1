import type { AppendDirect, Appended, AppendRoom, StoreLimits, StoreOptions, StreamId } from '@parley/hub';
import type { Commit, SharedStore, SharedStoreHooks } from '@parley/hub/testing';
import { testStoreOptions } from '../store-options.ts';

export interface SharedStoreHarness {
  /** The store of one more node over the same data. */
  open(options: StoreOptions, hooks: SharedStoreHooks): Promise<SharedStore>;
  /** Frees everything. All stores are closed. */
  dispose(): Promise<void>;
}

/** Makes a place for data. At most so many readers of one user may be open over all nodes. */
export type MakeSharedStore = (limits: { readonly connectionsPerUserMax: number }) => Promise<SharedStoreHarness>;

/** One node under test, with what its store reported. */
export interface Node {
  readonly store: SharedStore;
  readonly commits: readonly Commit[];
  direct(recipientId: string, request?: Partial<Omit<AppendDirect, 'kind'>>): Promise<Appended>;
  say(roomId: string, senderId: string, request?: Partial<Omit<AppendRoom, 'kind'>>): Promise<Appended>;
  open(userId: string, deviceId?: string): ReturnType<SharedStore['openReader']>;
  room(roomId: string, createdBy: string, maxMembers?: number): Promise<unknown>;
  join(roomId: string, userId: string): ReturnType<SharedStore['joinRoom']>;
}

/** The body of a test, with three nodes. */
export function withNodes(
  make: MakeSharedStore,
  body: (a: Node, b: Node, c: Node) => Promise<void>,
  { connectionsPerUserMax = 1_000, ...limits }: Partial<StoreLimits> & { readonly connectionsPerUserMax?: number } = {},
): () => Promise<void> {
  return async () => {
    const harness = await make({ connectionsPerUserMax });
    const open = () => openNode(harness, { ...testStoreOptions, ...limits });
    const nodes = [await open(), await open(), await open()] as const;
    try {
      await body(...nodes);
    } finally {
      for (const { store } of nodes) await store.close();
      await harness.dispose();
    }
  };
}

async function openNode(harness: SharedStoreHarness, options: StoreOptions): Promise<Node> {
  const commits: Commit[] = [];
  const store = await harness.open(options, { onCommit: (commit) => commits.push(commit) });
  const base = { senderId: 'sender', type: 'text', content: '"hello"', createdAtMs: 1, storedAtMs: 1, clientMsgId: undefined };
  return {
    store,
    commits,
    direct: (recipientId, request) => store.append({ kind: 'direct', receipt: false, trusted: false, ...base, recipientId, ...request }),
    say: (roomId, senderId, request) =>
      store.append({ kind: 'room', echo: true, membersOnly: true, ...base, roomId, senderId, ...request }),
    open: (userId, deviceId = '') => store.openReader({ userId, deviceId }, 1, () => {}),
    room: (roomId, createdBy, maxMembers = 100) =>
      store.createRoom({ roomId, name: roomId, createdBy, createdAtMs: 1, isPrivate: false, maxMembers }, () => {}),
    join: (roomId, userId) => store.joinRoom({ roomId, userId, nowMs: 1, create: false, invited: false }, () => {}),
  };
}

/** The whole log of a stream. */
export function logOf({ store }: Node, stream: StreamId): ReturnType<SharedStore['readStream']> {
  return store.readStream({ stream, afterSeq: 0, uptoSeq: Number.MAX_SAFE_INTEGER, limit: 100_000, bytesMax: 1e9 });
}

/** 1, 2, 3, … */
export const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
