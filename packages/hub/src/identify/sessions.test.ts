import { HubError } from '@parley/protocol';
import { createMemoryStore } from '@parley/testkit';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { aloneCluster } from '../ports/cluster.ts';
import { TestConnection } from '../ports/connection.test-support.ts';
import type { Connection } from '../ports/connection.ts';
import type { Reader, Session } from '../ports/session.ts';
import { inboxOf, type Store, type StreamPosition } from '../ports/store.ts';
import { ConnectionPool } from './pool.ts';
import { type SessionPorts, Sessions } from './sessions.ts';

const ann = { userId: 'ann', deviceId: '', ackMode: 'pong', state: undefined } as const;
const storeOptions = { queueMessagesMax: 100, queueOverflow: 'reject', onAppended() {}, onFailed() {} } as const;

const connectionOf = (id: string): Connection => new TestConnection(id);

const idleReader: Omit<Reader, 'userId'> = {
  follow() {},
  unfollow() {},
  deliver() {},
  fallBehind() {},
  live() {},
  presence() {},
  acknowledge: () => true,
  onPong() {},
  onDrain() {},
  unacknowledged: () => [],
  close() {},
};

interface SetUp {
  readonly pool?: ConnectionPool;
  readonly clock?: ManualClock;
  /** What the connection named `first` was sent and has not acknowledged. */
  readonly unacknowledged?: readonly StreamPosition[];
  readonly sendAway?: SessionPorts['sendAway'];
  readonly cluster?: SessionPorts['cluster'];
}

function sessionsOn(
  store: SessionPorts['store'],
  { pool = new ConnectionPool(5), clock = new ManualClock(), ...rest }: SetUp = {},
): Sessions {
  return new Sessions({
    store,
    pool,
    clock,
    makeReader: ({ id }, { userId }) => ({
      ...idleReader,
      userId,
      unacknowledged: () => (id === 'first' ? (rest.unacknowledged ?? []) : []),
    }),
    streams: { follow() {}, close() {} },
    presence: {
      arrive: () => undefined,
      depart: () => undefined,
      nodesOf: () => [],
      connections: (userId) => pool.sessionsOf(userId).length,
    },
    members: { arrived() {}, notArrived() {} },
    cluster: rest.cluster ?? aloneCluster,
    watches: { forget() {} },
    sendAway: rest.sendAway ?? (() => {}),
    onEvent() {},
  });
}

async function registered(sessions: Sessions, connection: Connection): Promise<Session> {
  const made: Session[] = [];
  await sessions.register(connection, ann, (session) => made.push(session));
  const [session] = made;
  if (session === undefined) throw new Error('there is no session');
  return session;
}

test('a reader that closes while the next one is being opened does not make a killed hub forget what it wrote to that one', async () => {
  const store = createMemoryStore(storeOptions);
  let onOpening = (): void => {};
  const openReader: Store['openReader'] = (...args) => {
    const opened = store.openReader(...args);
    onOpening();
    return opened;
  };
  const sessions = sessionsOn({ ...store, openReader });

  const first = await registered(sessions, connectionOf('first'));
  onOpening = () => sessions.close(first);
  await registered(sessions, connectionOf('second'));
  await sessions.settle();
  await store.append({
    ...{ kind: 'direct', senderId: 'bob', recipientId: 'ann', content: '1', type: 'text' },
    ...{ createdAtMs: 0, storedAtMs: 0, clientMsgId: undefined, receipt: false, trusted: false },
  });

  const restarted = createMemoryStore(storeOptions, store.state);
  const { streams } = await restarted.openReader(ann, 0, () => {});
  expect(streams).toMatchObject([{ stream: inboxOf('ann'), cursor: 0, written: 1 }]);
});

describe('a closing that the store has not taken yet', () => {
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  /** Messages up to this one have been written to Ann's first connection and are not acknowledged; the store refuses to hear of its end. */
  async function setUp(unacknowledgedSeq = 1) {
    const store = createMemoryStore(storeOptions);
    const append = () =>
      store.append({
        ...{ kind: 'direct', senderId: 'bob', recipientId: 'ann', content: '1', type: 'text' },
        ...{ createdAtMs: 0, storedAtMs: 0, clientMsgId: undefined, receipt: false, trusted: false },
      });
    await append();
    const clock = new ManualClock();
    const refusing = { isOn: true };
    const closeReader: Store['closeReader'] = (...args) =>
      refusing.isOn ? Promise.reject(new HubError('storage_full')) : store.closeReader(...args);
    const sessions = sessionsOn({ ...store, closeReader }, { clock, unacknowledged: [{ stream: inboxOf('ann'), seq: unacknowledgedSeq }] });
    const openAgain = async () => (await createMemoryStore(storeOptions, store.state).openReader(ann, 0, () => {})).streams;
    return { store, append, clock, refusing, sessions, openAgain };
  }

  test('keeps the reader open in the store, whatever its other connections do', async () => {
    const { sessions, refusing, append, openAgain } = await setUp(2);
    const first = await registered(sessions, connectionOf('first'));
    const second = await registered(sessions, connectionOf('second'));
    await append();
    sessions.close(first);
    await settled();
    refusing.isOn = false;
    sessions.close(second);
    await settled();
    expect(await openAgain()).toMatchObject([{ cursor: 0, written: 2, head: 2 }]);
  });

  test('is no reason to keep the reader open once all its connections are closed', async () => {
    const { sessions, refusing, append, openAgain } = await setUp();
    refusing.isOn = false;
    const both = [await registered(sessions, connectionOf('first')), await registered(sessions, connectionOf('second'))];
    for (const session of both) sessions.close(session);
    await settled();
    await append();
    expect(await openAgain()).toMatchObject([{ cursor: 0, written: 1, head: 2 }]);
  });

  test('is handed in again until the store takes it', async () => {
    const { sessions, clock, refusing, append, openAgain } = await setUp();
    sessions.close(await registered(sessions, connectionOf('first')));
    await settled();
    refusing.isOn = false;
    clock.advance(1000);
    await settled();
    await append();
    expect(await openAgain()).toMatchObject([{ cursor: 0, written: 1, head: 2 }]);
  });

  test('does not hold up the end of the hub', async () => {
    const { sessions, openAgain } = await setUp();
    sessions.close(await registered(sessions, connectionOf('first')));
    await sessions.settle();
    // What is not known as closed counts as open: all of it may have been written.
    expect(await openAgain()).toMatchObject([{ cursor: 0, written: 1 }]);
  });
});

describe('the limit of connections of a user', () => {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  /** Lets time pass in small steps, so that whoever waits for a moment goes on in it. */
  async function pass(clock: ManualClock, ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 10) {
      clock.advance(10);
      await turn();
    }
  }

  /** A user with both of its places taken, and a third connection that asks for one. */
  async function setUp() {
    const clock = new ManualClock();
    clock.advance(1000);
    const pool = new ConnectionPool(2);
    const sentAway: string[] = [];
    const sessions = sessionsOn(createMemoryStore(storeOptions), {
      ...{ pool, clock },
      sendAway: ({ id }, reason) => sentAway.push(`${id} ${reason}`),
    });
    const asked: string[] = [];
    const [first, second] = ['first', 'second'].map((id) =>
      Object.assign(new TestConnection(id), {
        ping() {
          asked.push(id);
          return true;
        },
      }),
    );
    if (first === undefined || second === undefined) throw new Error('two connections are needed');
    const open = [await registered(sessions, first), await registered(sessions, second)] as const;
    const third = registered(sessions, connectionOf('third')).then(
      () => 'registered',
      ({ code }) => code,
    );
    await turn();
    const answers = (connection: TestConnection): void => {
      connection.lastHeardMs = clock.monotonic();
    };
    const outcome = () => Promise.race([third, turn().then(() => 'waits')]);
    return { clock, pool, sessions, asked, first, second, open, sentAway, answers, outcome };
  }

  test('is not reached by connections that are silent: they are asked at once, and lose their places after 2 s', async () => {
    const { clock, pool, asked, first, sentAway, answers, outcome } = await setUp();
    expect(asked).toEqual(['first', 'second']);
    await pass(clock, 30);
    answers(first);
    await pass(clock, 1960);
    expect(await outcome()).toBe('waits');
    await pass(clock, 20);
    expect(await outcome()).toBe('registered');
    expect(sentAway).toEqual(['second silent']);
    expect(pool.sessionsOf('ann').map(({ connection }) => connection.id)).toEqual(['first', 'third']);
    expect(pool.stats().refused).toBe(0);
  });

  test('refuses as soon as all have answered, by whatever they send', async () => {
    const { clock, pool, first, second, sentAway, answers, outcome } = await setUp();
    await pass(clock, 20);
    answers(first);
    await pass(clock, 20);
    answers(second);
    await pass(clock, 60);
    expect(await outcome()).toBe('connection_limit');
    expect(sentAway).toEqual([]);
    expect(pool.stats()).toMatchObject({ registered: 2, refused: 1 });
  });

  test('lets a connection in as soon as another one has closed', async () => {
    const { clock, sessions, open, sentAway, outcome } = await setUp();
    sessions.close(open[0]);
    await pass(clock, 60);
    expect(await outcome()).toBe('registered');
    expect(sentAway).toEqual([]);
  });

  test('a session that lost its place is closed once, also when its connection ends later', async () => {
    const { clock, pool, sessions, open, outcome } = await setUp();
    await pass(clock, 2100);
    expect(await outcome()).toBe('registered');
    for (const session of open) sessions.close(session);
    expect(pool.stats()).toMatchObject({ registered: 1, users: 1 });
  });
});
