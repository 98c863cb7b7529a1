import type {
  AppendDirect,
  Appended,
  AppendRoom,
  LeaveResult,
  Room,
  RoomMember,
  RoomSummary,
  Store,
  StoredMessage,
  StoreLimits,
  StoreOptions,
  StreamId,
} from '@parley/hub';
import { type ErrorCode, HubError } from '@parley/protocol';
import { expect } from 'vitest';
import { testStoreOptions } from '../store-options.ts';

/** `close`: the store was closed. `crash`: it was cut off in the way of `kill -9`, after what it acknowledged. */
export type Restart = 'close' | 'crash';

export interface StoreHarness {
  readonly store: Store;
  /** Ends the store and opens another on the same data. Called only for the restarts that the adapter declares. */
  readonly reopen: (how: Restart) => Promise<Store>;
  /** Frees everything. The last store may be open or closed. */
  readonly dispose: () => Promise<void>;
}

export type MakeStore = (options: StoreOptions) => Promise<StoreHarness>;

export interface StoreCapabilities {
  /** The restarts that the adapter's data outlives: the tests of a restart are run for each. */
  readonly restarts: readonly Restart[];
}

export type Settled<R> = { readonly ok: R } | { readonly code: ErrorCode };

/** A store under test, with short forms of the calls that most tests make. */
export class Scenario {
  /** What `onAppended` was called with, over all restarts. */
  readonly appended: readonly StoredMessage[];
  readonly #harness: StoreHarness;
  #store: Store;

  constructor(harness: StoreHarness, appended: readonly StoredMessage[]) {
    this.appended = appended;
    this.#harness = harness;
    this.#store = harness.store;
  }

  get store(): Store {
    return this.#store;
  }

  async reopen(how: Restart): Promise<void> {
    this.#store = await this.#harness.reopen(how);
  }

  direct(recipientId: string, request: Partial<Omit<AppendDirect, 'kind'>> = {}): Promise<Appended> {
    return this.#store.append({ ...directDefaults, recipientId, storedAtMs: request.createdAtMs ?? 1_000, ...request });
  }

  say(roomId: string, senderId: string, request: Partial<Omit<AppendRoom, 'kind'>> = {}): Promise<Appended> {
    return this.#store.append({ ...roomDefaults, roomId, senderId, storedAtMs: request.createdAtMs ?? 1_000, ...request });
  }

  room(roomId: string, createdBy: string, room: Partial<Room> = {}): Promise<Room> {
    const defaults = { roomId, name: `name of ${roomId}`, createdBy, createdAtMs: 1_000, isPrivate: false, maxMembers: 100 };
    return this.#store.createRoom({ ...defaults, ...room }, () => {});
  }

  async join(roomId: string, ...userIds: readonly string[]): Promise<void> {
    for (const userId of userIds) await this.#store.joinRoom({ roomId, userId, nowMs: 2_000, create: false, invited: true }, () => {});
  }

  leave(roomId: string, userId: string): Promise<LeaveResult> {
    return this.#store.leaveRoom(roomId, userId, () => {});
  }

  /** All members of a room, in the order in which they joined. */
  async members(roomId: string): Promise<readonly RoomMember[]> {
    return (await this.#store.members({ roomId, userId: undefined, after: undefined, limit: 100_000 })).members;
  }

  /** All rooms, in the order of creation. */
  async rooms(): Promise<readonly RoomSummary[]> {
    return (await this.#store.rooms({ after: undefined, limit: 100_000, includePrivate: true })).rooms;
  }

  /** Opens a reader and returns where it stands, by stream. */
  async open(userId: string, deviceId = ''): Promise<ReadonlyMap<StreamId, Omit<Position, 'stream'>>> {
    const { streams } = await this.#store.openReader({ userId, deviceId }, 3_000, () => {});
    return new Map(streams.map(({ stream, ...position }) => [stream, position]));
  }

  async received(userId: string, stream: StreamId, seq: number, deviceId = ''): Promise<void> {
    await this.#store.advance([{ userId, deviceId, stream, seq }], 4_000);
  }

  async contents(stream: StreamId): Promise<readonly string[]> {
    const all = await this.#store.readStream({ stream, afterSeq: 0, uptoSeq: Number.MAX_SAFE_INTEGER, limit: 100_000, bytesMax: 1e9 });
    return all.map((entry) => ('content' in entry ? entry.content : `damaged ${entry.seq}`));
  }

  /** Expires until there is no more to do; returns how many messages went. */
  async expire(nowMs: number, retention: { deliveredMs: number; undeliveredMs: number }): Promise<number> {
    const { removed, more } = await this.#store.expire(retention, nowMs);
    return more ? removed + (await this.expire(nowMs, retention)) : removed;
  }
}

type Position = Awaited<ReturnType<Store['openReader']>>['streams'][number];

const appendDefaults = { senderId: 'sender', type: 'text', content: '"hello"', createdAtMs: 1_000, clientMsgId: undefined };
const directDefaults = { kind: 'direct', receipt: false, trusted: false, ...appendDefaults } as const;
const roomDefaults = { kind: 'room', echo: true, membersOnly: true, ...appendDefaults } as const;

/** The body of a test, with a fresh store that is disposed of afterwards. */
export function withStore(
  make: MakeStore,
  body: (scenario: Scenario) => Promise<void>,
  limits: Partial<StoreLimits> = {},
): () => Promise<void> {
  return async () => {
    const appended: StoredMessage[] = [];
    const failures: HubError[] = [];
    const harness = await make({
      ...testStoreOptions,
      onAppended: (messages) => appended.push(...messages),
      onFailed: (error) => failures.push(error),
      ...limits,
    });
    try {
      await body(new Scenario(harness, appended));
      expect(failures).toEqual([]);
    } finally {
      await harness.dispose();
    }
  };
}

/** The code that a call is refused with; fails if it isn't. */
export async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  const outcome = await settled(call);
  if ('ok' in outcome) throw new Error('expected a refusal');
  return outcome.code;
}

/** How a call ended: its result, or the code of its refusal. */
export async function settled<R>(call: Promise<R>): Promise<Settled<R>> {
  try {
    return { ok: await call };
  } catch (error) {
    if (error instanceof HubError) return { code: error.code };
    throw error;
  }
}

export const settledAll = <R>(calls: readonly Promise<R>[]): Promise<readonly Settled<R>[]> => Promise.all(calls.map(settled));
