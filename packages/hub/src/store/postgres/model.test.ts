/** Random sequences of calls, one after the other, give the same results on PostgreSQL as on the model. */
import { HubError } from '@parley/protocol';
import { createMemoryStore, testStoreOptions } from '@parley/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AppendRequest, HistoryQuery, Store } from '../../ports/store.ts';
import { openStore, useDatabases } from './stores.test-support.ts';

const databases = useDatabases();

const users = ['ann', 'bob', 'cleo'];
const rooms = ['tea', 'den'];
const streams = [...users.map((id) => `user:${id}`), ...rooms.map((id) => `room:${id}`)];
const [user, room, stream] = [fc.constantFrom(...users), fc.constantFrom(...rooms), fc.constantFrom(...streams)];
const reader = fc.record({ userId: user, deviceId: fc.constantFrom('', 'phone') });
const ignore = (): void => {};

/** What both stores are asked, and what only the test knows of them: ids differ, and time only grows. */
interface Asked {
  readonly store: Store;
  readonly nowMs: number;
  /** The sessions that were opened and not closed, of each reader. */
  readonly sessions: Map<string, number>;
}
type Ask = (asked: Asked) => Promise<unknown>;
interface Step {
  readonly text: string;
  readonly ask: Ask;
}

const step = <T>(name: string, given: fc.Arbitrary<T>, run: (given: T, asked: Asked) => Promise<unknown>): fc.Arbitrary<Step> =>
  given.map((value) => ({ text: `${name} ${JSON.stringify(value)}`, ask: (asked) => run(value, asked) }));

const message = {
  senderId: user,
  content: fc.constantFrom('1', '"é"', '[]'),
  clientMsgId: fc.constantFrom(undefined, undefined, 'c1', 'c2'),
};
const direct = fc.record({ recipientId: user, receipt: fc.boolean(), trusted: fc.boolean(), ...message });
const toRoom = fc.record({ roomId: room, echo: fc.boolean(), membersOnly: fc.boolean(), ...message });
const retention = fc.record({ deliveredMs: fc.constantFrom(10, 30), undeliveredMs: fc.constantFrom(10, 30) });

const append = (
  store: Store,
  nowMs: number,
  request: Omit<Extract<AppendRequest, { kind: 'direct' }>, keyof Common> | Omit<Extract<AppendRequest, { kind: 'room' }>, keyof Common>,
) => store.append({ type: 'text', createdAtMs: nowMs, storedAtMs: nowMs, ...request });
type Common = Pick<AppendRequest, 'type' | 'createdAtMs' | 'storedAtMs'>;

const keyOf = (value: { readonly userId: string; readonly deviceId: string }): string => `${value.userId} ${value.deviceId}`;

const steps = fc.oneof(
  { weight: 4, arbitrary: step('direct', direct, (given, { store, nowMs }) => append(store, nowMs, { kind: 'direct', ...given })) },
  { weight: 4, arbitrary: step('say', toRoom, (given, { store, nowMs }) => append(store, nowMs, { kind: 'room', ...given })) },
  {
    weight: 3,
    arbitrary: step('open', reader, async (given, { store, nowMs, sessions }) => {
      const opened = await store.openReader(given, nowMs, ignore);
      sessions.set(keyOf(given), (sessions.get(keyOf(given)) ?? 0) + 1);
      return opened;
    }),
  },
  {
    weight: 3,
    arbitrary: step(
      'close',
      fc.tuple(reader, fc.array(fc.record({ stream, seq: fc.nat({ max: 8 }) }), { maxLength: 2 })),
      async ([given, written], { store, sessions }) => {
        const open = sessions.get(keyOf(given)) ?? 0;
        if (open === 0) return;
        sessions.set(keyOf(given), open - 1);
        await store.closeReader(given, written, open === 1);
      },
    ),
  },
  {
    weight: 4,
    arbitrary: step('advance', fc.tuple(reader, stream, fc.nat({ max: 8 })), ([given, id, seq], { store, nowMs }) =>
      store.advance([{ ...given, stream: id, seq }], nowMs),
    ),
  },
  {
    weight: 1,
    arbitrary: step(
      'create',
      fc.record({ roomId: room, name: fc.string(), createdBy: user, isPrivate: fc.boolean(), maxMembers: fc.constantFrom(1, 2, 9) }),
      (given, { store, nowMs }) => store.createRoom({ ...given, createdAtMs: nowMs }, ignore),
    ),
  },
  {
    weight: 3,
    arbitrary: step(
      'join',
      fc.record({ roomId: room, userId: user, create: fc.constantFrom(false as const, { maxMembers: 2 }), invited: fc.boolean() }),
      (given, { store, nowMs }) => store.joinRoom({ ...given, nowMs }, ignore),
    ),
  },
  { weight: 2, arbitrary: step('leave', fc.tuple(room, user), ([id, userId], { store }) => store.leaveRoom(id, userId, ignore)) },
  {
    weight: 1,
    arbitrary: step('delete', fc.tuple(room, fc.constantFrom(undefined, ...users)), ([id, userId], { store }) =>
      store.deleteRoom(id, userId, ignore),
    ),
  },
  {
    weight: 1,
    arbitrary: step(
      'state',
      fc.record({ userId: user, state: fc.constantFrom('online' as const, 'away' as const) }),
      (given, { store, nowMs }) => store.saveStates([{ ...given, statusText: undefined, lastSeenMs: nowMs }]),
    ),
  },
  {
    weight: 2,
    arbitrary: step('expire', retention, async (given, { store, nowMs }) => {
      let removed = 0;
      for (let more = true; more; ) {
        const part = await store.expire(given, nowMs);
        removed += part.removed;
        more = part.more;
      }
      return removed;
    }),
  },
);

/** Everything that can be read, from every side. `ids`: of the messages as they were stored. */
function reads(ids: readonly number[]): readonly Step[] {
  const read = (text: string, ask: (store: Store) => Promise<unknown>): Step => ({ text, ask: ({ store }) => ask(store) });
  const bounds: readonly Partial<HistoryQuery>[] = [{}, { beforeId: ids[4] ?? 0 }, { afterId: ids[2] ?? 0 }, { bytesMax: 2 }];
  return [
    ...streams.flatMap((id) => [
      read(`stream ${id}`, (store) => store.readStream({ stream: id, afterSeq: 0, uptoSeq: 99, limit: 99, bytesMax: 1e6 })),
      read(`part of ${id}`, (store) => store.readStream({ stream: id, afterSeq: 1, uptoSeq: 5, limit: 3, bytesMax: 4 })),
    ]),
    ...rooms.flatMap((roomId) => [
      read(`room ${roomId}`, (store) => store.room(roomId)),
      ...[undefined, ...users].flatMap((userId) => [
        read(`members ${roomId} ${userId}`, (store) => store.members({ roomId, userId, after: undefined, limit: 2 })),
        read(`members ${roomId} after ${userId}`, (store) => store.members({ roomId, userId: undefined, after: userId, limit: 1 })),
      ]),
    ]),
    ...[true, false].flatMap((includePrivate) =>
      [undefined, 'tea'].map((after) => read(`rooms ${after}`, (store) => store.rooms({ after, limit: 1, includePrivate }))),
    ),
    read('states', (store) => store.states(users)),
    read('counts', (store) => store.counts()),
    read('retention time', (store) => store.retentionTime()),
    ...users.flatMap((userId) =>
      [...users.map((withUserId) => ({ withUserId })), ...rooms.map((roomId) => ({ roomId }))].flatMap((of) =>
        bounds.map((bound) =>
          read(`history ${userId} ${JSON.stringify([of, bound])}`, (store) =>
            store.history({ userId, of, limit: 3, bytesMax: 1e6, beforeId: undefined, afterId: undefined, ...bound }),
          ),
        ),
      ),
    ),
  ];
}

/** A store with the ids that it gave, in the order in which it gave them. */
class Tried {
  readonly ids: number[] = [];
  readonly #store: Store;
  readonly #sessions = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** What it answered, with the number of each message instead of its id, and without what only nodes of a cluster are told. */
  async ask({ text, ask }: Step, nowMs: number): Promise<unknown> {
    const result = await this.#settled(ask, nowMs);
    return JSON.parse(
      JSON.stringify([text, result], (key, value: unknown) =>
        key === 'membersVersion' || key === 'version' || key === 'leftSeq' ? undefined : isId(key, value) ? this.#numberOf(value) : value,
      ),
    );
  }

  async #settled(ask: Ask, nowMs: number): Promise<unknown> {
    try {
      return { value: await ask({ store: this.#store, nowMs, sessions: this.#sessions }) };
    } catch (error) {
      if (error instanceof HubError) return { code: error.code };
      throw error;
    }
  }

  #numberOf(id: number): number {
    if (!this.ids.includes(id)) this.ids.push(id);
    return this.ids.indexOf(id);
  }
}

const isId = (key: string, value: unknown): value is number => (key === 'id' || key === 'messageId') && typeof value === 'number';

test.for(['reject', 'drop_oldest'] as const)('PostgreSQL does what the model does (%s)', { timeout: 240_000 }, async (queueOverflow) => {
  const limits = { queueMessagesMax: 4, queueOverflow, senderQueueMessagesMax: 2, roomsPerUserMax: 1 };
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 20, maxLength: 80 }), async (sequence) => {
      const store = await openStore({ ...limits, url: await databases().create() });
      const model = createMemoryStore({ ...testStoreOptions, ...limits });
      const [tried, expected] = [new Tried(store), new Tried(model)];
      let nowMs = 0;
      for (const one of sequence) {
        nowMs += 1;
        expect(await tried.ask(one, nowMs)).toEqual(await expected.ask(one, nowMs));
      }
      const [own, other] = [reads([...tried.ids]), reads([...expected.ids])];
      for (const [index, one] of own.entries()) {
        const { text, ask } = other[index] ?? one;
        expect(await tried.ask({ ...one, text }, nowMs)).toEqual(await expected.ask({ text, ask }, nowMs));
      }
      await store.close();
    }),
    // Shrinking would take a database for each try.
    { numRuns: 5, endOnFailure: true },
  );
});
