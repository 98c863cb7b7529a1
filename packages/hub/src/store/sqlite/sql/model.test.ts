/** Random sequences of calls give the same results on SQLite as on the model, however they are cut into batches. */

import { HubError } from '@parley/protocol';
import { createMemoryStore, testStoreOptions } from '@parley/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Store, StoreOptions } from '../../../ports/store.ts';
import type { Outcome } from '../../outcome.ts';
import { type Call, invoke, type ReadCall, type Reads, type WriteCall } from '../thread/calls.ts';
import { unpackEntries } from '../thread/pack.ts';
import { BatchWriter } from './batch.ts';
import { openDatabase } from './database.ts';
import { createReads } from './reads.ts';

const users = ['ann', 'bob', 'cleo'];
const rooms = ['tea', 'den'];
const streams = [...users.map((id) => `user:${id}`), ...rooms.map((id) => `room:${id}`)];

const user = fc.constantFrom(...users);
const room = fc.constantFrom(...rooms);
const stream = fc.constantFrom(...streams);
const seq = fc.nat({ max: 8 });
const time = fc.integer({ min: 1, max: 100 });
const reader = fc.record({ userId: user, deviceId: fc.constantFrom('', 'phone', 'laptop') });
const message = {
  senderId: user,
  type: fc.constant('text'),
  content: fc.oneof(fc.string(), fc.constantFrom('1', '2')),
  createdAtMs: time,
  storedAtMs: time,
  clientMsgId: fc.constantFrom(undefined, undefined, 'c1', 'c2'),
};
const direct = fc.record({
  kind: fc.constant('direct' as const),
  recipientId: user,
  receipt: fc.boolean(),
  trusted: fc.boolean(),
  ...message,
});
const toRoom = fc.record({ kind: fc.constant('room' as const), roomId: room, echo: fc.boolean(), membersOnly: fc.boolean(), ...message });
const newRoom = fc.record({
  roomId: room,
  name: fc.string(),
  createdBy: user,
  createdAtMs: time,
  isPrivate: fc.boolean(),
  maxMembers: fc.constantFrom(1, 2, 9),
});
const join = fc.record({
  roomId: room,
  userId: user,
  nowMs: time,
  create: fc.constantFrom(false as const, { maxMembers: 2 }),
  invited: fc.boolean(),
});
const advances = fc.array(fc.record({ userId: user, deviceId: fc.constantFrom('', 'phone', 'laptop'), stream, seq }), { maxLength: 3 });
const retention = fc.record({ deliveredMs: fc.constantFrom(20, 60), undeliveredMs: fc.constantFrom(20, 60) });
const state = fc.record({
  userId: user,
  state: fc.constantFrom('online' as const, 'away' as const),
  statusText: fc.option(fc.string(), { nil: undefined }),
  lastSeenMs: time,
});

const call = <M extends WriteCall['method']>(method: M, ...args: readonly fc.Arbitrary<unknown>[]): fc.Arbitrary<WriteCall> =>
  fc.tuple(...args).map((values) => ({ method, args: values }));

const writeCall = fc.oneof(
  { weight: 8, arbitrary: call('append', fc.oneof(direct, toRoom)) },
  { weight: 3, arbitrary: call('openReader', reader, time) },
  { weight: 2, arbitrary: call('closeReader', reader, fc.array(fc.record({ stream, seq }), { maxLength: 3 }), fc.boolean()) },
  { weight: 4, arbitrary: call('advance', advances, time) },
  { weight: 1, arbitrary: call('createRoom', newRoom) },
  { weight: 3, arbitrary: call('joinRoom', join) },
  { weight: 2, arbitrary: call('leaveRoom', room, user) },
  { weight: 1, arbitrary: call('deleteRoom', room, fc.constantFrom(undefined, ...users)) },
  { weight: 1, arbitrary: call('saveStates', fc.array(state, { maxLength: 2 })) },
  { weight: 1, arbitrary: call('expire', retention, time) },
);
const batches = fc.array(fc.array(writeCall, { minLength: 1, maxLength: 8 }), { maxLength: 30 });

/** Everything that can be read, from every side. */
const readCalls: readonly ReadCall[] = [
  ...streams.flatMap((id) => [
    { method: 'readStream' as const, args: [{ stream: id, afterSeq: 0, uptoSeq: 99, limit: 99, bytesMax: 1e6 }] },
    { method: 'readStream' as const, args: [{ stream: id, afterSeq: 1, uptoSeq: 5, limit: 3, bytesMax: 12 }] },
  ]),
  ...rooms.flatMap((id) => [
    { method: 'room' as const, args: [id] },
    ...[undefined, ...users].flatMap((userId) => [
      { method: 'members' as const, args: [{ roomId: id, userId, after: undefined, limit: 2 }] },
      { method: 'members' as const, args: [{ roomId: id, userId: undefined, after: userId, limit: 1 }] },
    ]),
  ]),
  ...[true, false].flatMap((includePrivate) =>
    [undefined, 'tea'].map((after) => ({ method: 'rooms' as const, args: [{ after, limit: 1, includePrivate }] })),
  ),
  { method: 'states', args: [users] },
  { method: 'counts', args: [] },
  { method: 'retentionTime', args: [] },
  ...users.flatMap((userId) =>
    [...users.map((withUserId) => ({ withUserId })), ...rooms.map((roomId) => ({ roomId }))].flatMap((of) =>
      [{}, { beforeId: 9 }, { afterId: 4 }, { bytesMax: 2 }].map((bounds) => ({
        method: 'history' as const,
        args: [{ userId, of, limit: 3, bytesMax: 1e6, beforeId: undefined, afterId: undefined, ...bounds }],
      })),
    ),
  ),
];

type StreamQuery = Parameters<Reads['readStream']>[0];
type Result = { readonly value: unknown } | { readonly code: string };

const ofOutcome = (outcome: Outcome): Result => ('refusal' in outcome ? { code: outcome.refusal.code } : { value: outcome.value });

async function askModel(store: Store, asked: Call<Store>): Promise<Result> {
  try {
    return { value: await invoke(store, asked) };
  } catch (error) {
    return { code: error instanceof HubError ? error.code : String(error) };
  }
}

function askSqlite(run: () => unknown): Result {
  try {
    return { value: run() };
  } catch (error) {
    return { code: error instanceof Error ? error.message : String(error) };
  }
}

test.for(['reject', 'drop_oldest'] as const)('SQLite does what the model does (%s)', { timeout: 120_000 }, async (queueOverflow) => {
  const options: StoreOptions = {
    ...testStoreOptions,
    queueMessagesMax: 4,
    queueOverflow,
    senderQueueMessagesMax: 2,
    roomsPerUserMax: 1,
    devicesPerUserMax: 1,
  };
  await fc.assert(
    fc.asyncProperty(batches, async (sequence) => {
      const db = openDatabase({ file: ':memory:', readonly: false, databaseBytesMax: undefined, limits: options });
      const writer = new BatchWriter(db, options);
      const reads = createReads(db);
      const unpacked = { ...reads, readStream: (query: StreamQuery) => unpackEntries(query.stream, reads.readStream(query)) };
      const model = createMemoryStore(options);
      for (const batch of sequence) {
        const expected = await Promise.all(batch.map((asked) => askModel(model, { ...asked })));
        expect(writer.commit(batch).map(ofOutcome)).toEqual(expected);
      }
      for (const asked of readCalls) {
        expect([asked, askSqlite(() => invoke(unpacked, { ...asked }))]).toEqual([asked, await askModel(model, { ...asked })]);
      }
      db.close();
    }),
    { numRuns: 150 },
  );
});
