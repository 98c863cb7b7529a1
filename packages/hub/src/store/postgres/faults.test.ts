import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { HubError } from '@parley/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { Commit, SharedStore } from '../../ports/shared-store.ts';
import { inboxOf, timelineOf } from '../../ports/store.ts';
import { connect } from './connection.ts';
import { openStore, useDatabases } from './stores.test-support.ts';
import { parseTarget } from './target.ts';

const databases = useDatabases();

const base = { senderId: 'bob', type: 'text', createdAtMs: 1, storedAtMs: 1, receipt: false, trusted: false } as const;

/** Writers that append until they are told to stop, and what was acknowledged to them. */
function startWriters(store: SharedStore, count: number) {
  const acknowledged = new Map<string, string>();
  let isOver = false;
  let waiting = { size: 0, resolve: (): void => {} };
  const write = async (writer: number): Promise<void> => {
    for (let number = 0; !isOver; number += 1) {
      const content = JSON.stringify(`${writer} ${number}`);
      const recipientId = `ann ${(writer + number) % 3}`;
      // Half of them without an id, so that a message that is sent twice is seen.
      const clientMsgId = number % 2 === 0 ? content : undefined;
      const { seq } = await store.append({ kind: 'direct', ...base, recipientId, content, clientMsgId });
      acknowledged.set(content, `${inboxOf(recipientId)} ${seq}`);
      if (acknowledged.size >= waiting.size) waiting.resolve();
    }
  };
  const all = Promise.all(Array.from({ length: count }, (_, writer) => write(writer)));
  return {
    acknowledged,
    /** Resolves when so many more were acknowledged. */
    more: (messages: number): Promise<void> =>
      new Promise((resolve) => {
        waiting = { size: acknowledged.size + messages, resolve };
      }),
    async stop(): Promise<void> {
      isOver = true;
      await all;
    },
  };
}

/** What is in the log: each content once, at the place that was acknowledged. */
async function stored(store: SharedStore): Promise<ReadonlyMap<string, string>> {
  const places = new Map<string, string>();
  for (const stream of ['ann 0', 'ann 1', 'ann 2'].map(inboxOf)) {
    const log = await store.readStream({ stream, afterSeq: 0, uptoSeq: 1e9, limit: 1e6, bytesMax: 1e9 });
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
    for (const entry of log) if ('content' in entry && !places.has(entry.content)) places.set(entry.content, `${stream} ${entry.seq}`);
    expect(places.size).toBeGreaterThanOrEqual(log.length);
  }
  return places;
}

function expectAll(acknowledged: ReadonlyMap<string, string>, places: ReadonlyMap<string, string>): void {
  expect(places.size).toBe(acknowledged.size);
  expect([...acknowledged].filter(([content, place]) => places.get(content) !== place)).toEqual([]);
}

/** Reports what must not happen, and what was committed. */
async function openWatched(url: string) {
  const failures: HubError[] = [];
  const commits: Commit[] = [];
  const announced: string[] = [];
  const store = await openStore({
    url,
    onFailed: (error) => failures.push(error),
    onCommit: (commit) => commits.push(commit),
    onAppended: (messages) => announced.push(...messages.map(({ stream, seq }) => `${stream} ${seq}`)),
  });
  onTestFinished(() => store.close());
  return {
    store,
    /** Nothing failed, each message was announced once, and no position was left out. */
    expectRight(): void {
      expect(failures).toEqual([]);
      expect(new Set(announced).size).toBe(announced.length);
      for (const lane of [0, 1]) {
        const positions = commits.filter((commit) => commit.lane === lane).map(({ position }) => position);
        expect(positions).toEqual(positions.map((_, index) => index + 1));
      }
    },
  };
}

const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

/** A way to the server that can lose answers: what the server says is thrown away, then the connections are cut. */
async function startProxy(url: string) {
  const pairs = new Set<readonly [Socket, Socket]>();
  let losing: (() => void) | undefined;
  const server = createServer((client) => {
    const upstream = connectSocket(Number(new URL(url).port), '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const cut = (): void => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.on('error', cut).on('close', cut);
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      if (losing === undefined) client.write(chunk);
      else losing();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const proxied = new URL(url);
  proxied.port = String(typeof address === 'object' && address !== null ? address.port : 0);
  return {
    url: proxied.href,
    /** Resolves when an answer was lost. */
    async loseAnAnswer(): Promise<void> {
      await new Promise<void>((resolve) => {
        losing = resolve;
      });
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      losing = undefined;
    },
  };
}

test('answers that are lost after a commit lose, double and reorder nothing', async () => {
  const proxy = await startProxy(await databases().create());
  const { store, expectRight } = await openWatched(proxy.url);
  const writers = startWriters(store, 20);
  for (let count = 0; count < 15; count += 1) {
    await writers.more(30);
    await proxy.loseAnAnswer();
  }
  await writers.stop();
  expectAll(writers.acknowledged, await stored(store));
  expectRight();
});

test('answers of rooms and readers that are lost are found again too', async () => {
  const proxy = await startProxy(await databases().create());
  const { store, expectRight } = await openWatched(proxy.url);
  await store.createRoom({ roomId: 'tea', name: 'Tea', createdBy: 'bob', createdAtMs: 1, isPrivate: false, maxMembers: 1_000 }, () => {});
  let joined = 0;
  let opened = 0;
  let isOver = false;
  let onOpened = (): void => {};
  const work = async (worker: number): Promise<void> => {
    for (let number = 0; !isOver; number += 1) {
      const userId = `user ${worker} ${number}`;
      await store.joinRoom({ roomId: 'tea', userId, nowMs: 1, create: false, invited: false }, () => {
        joined += 1;
      });
      await store.openReader({ userId, deviceId: '' }, 1, ({ streams }) => {
        expect(streams.map(({ stream }) => stream)).toEqual([inboxOf(userId), timelineOf('tea')]);
        opened += 1;
        onOpened();
      });
    }
  };
  const workers = Promise.all(Array.from({ length: 10 }, (_, worker) => work(worker)));
  for (let count = 0; count < 8; count += 1) {
    const enough = opened + 10;
    await new Promise<void>((resolve) => {
      onOpened = () => void (opened >= enough && resolve());
    });
    await proxy.loseAnAnswer();
  }
  isOver = true;
  await workers;
  expect(await store.room('tea')).toMatchObject({ memberCount: joined + 1 });
  expect((await store.sessions()).reduce((sum, { connections }) => sum + connections, 0)).toBe(opened);
  expectRight();
});

test('connections that the server ends in the middle are a pause', async () => {
  const url = await databases().create();
  const { store, expectRight } = await openWatched(url);
  const killer = await connect(parseTarget(url), { name: 'killer', clock: systemClock, connectTimeoutMs: 5_000, answerTimeoutMs: 5_000 });
  const writers = startWriters(store, 20);
  for (let count = 0; count < 10; count += 1) {
    await writers.more(30);
    await killer.query({
      text: "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'parley %'",
      values: [],
    });
  }
  await writers.stop();
  await killer.close();
  expectAll(writers.acknowledged, await stored(store));
  expectRight();
});

test('a server that crashes and starts again, or hangs, is a pause', async () => {
  const { server, create } = databases();
  const { store, expectRight } = await openWatched(await create());
  const writers = startWriters(store, 20);
  await writers.more(100);
  await server.stop('immediate');
  await server.start();
  await writers.more(100);
  server.freeze();
  await pause(500);
  server.thaw();
  await writers.more(100);
  await writers.stop();
  expectAll(writers.acknowledged, await stored(store));
  expectRight();
  expect(await store.beat()).toBe(true);
});

test('while the server is away writes wait, those above the limit are refused, and the beat says that it is away', async () => {
  const { server, create } = databases();
  const store = await openStore({ url: await create(), pendingWritesMax: 10 });
  onTestFinished(() => store.close());
  await server.stop('immediate');
  const append = (content: string) =>
    store.append({ kind: 'direct', ...base, recipientId: 'ann', content, clientMsgId: undefined }).then(
      ({ seq }) => seq,
      (error: unknown) => (error instanceof HubError ? error.code : error),
    );
  const waiting = Array.from({ length: 12 }, (_, index) => append(`${index}`));
  await expect(store.beat()).rejects.toThrow();
  await server.start();
  expect(await Promise.all(waiting)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 'overloaded', 'overloaded']);
});

test('a store whose server does not come back can be closed', async () => {
  const { server, create } = databases();
  const store = await openStore({ url: await create() });
  await server.stop('immediate');
  const lost = store.append({ kind: 'direct', ...base, recipientId: 'ann', content: '1', clientMsgId: undefined });
  const refused = expect(lost).rejects.toMatchObject({ code: 'shutting_down' });
  await store.close();
  await refused;
  await server.start();
});

test('what the database can not hold is refused alone', async () => {
  const { store, expectRight } = await openWatched(await databases().create());
  const append = (content: string) => store.append({ kind: 'direct', ...base, recipientId: 'ann', content, clientMsgId: undefined });
  const results = await Promise.allSettled(['"1"', '"\u0000"', '"2"', '"3"'].map(append));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(results[1]).toMatchObject({ reason: { code: 'internal_error' } });
  expect((await append('"4"')).seq).toBe(4);
  expectRight();
});
