import { createMemoryStore } from '@parley/testkit';
import { expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.ts';
import type { Connection } from '../ports/connection.ts';
import type { Reader, Session } from '../ports/session.ts';
import { inboxOf, type Store } from '../ports/store.ts';
import { ConnectionPool } from './pool.ts';
import { type RegisteringParty, type SessionPorts, Sessions } from './sessions.ts';

const ann = { userId: 'ann', deviceId: '', ackMode: 'pong' } as const;
const storeOptions = { queueMessagesMax: 100, queueOverflow: 'reject', onAppended() {}, onFailed() {} } as const;

function connectionOf(id: string): Connection {
  const handshake = { address: '', headers: {}, query: {}, auth: {}, issuedAtMs: 0 };
  return { id, handshake, transport: 'websocket', bufferedBytes: 0, stalledSinceMs: undefined, send() {}, ping: () => true, close() {} };
}

const idleReader: Omit<Reader, 'userId'> = {
  follow() {},
  unfollow() {},
  deliver() {},
  fallBehind() {},
  live() {},
  presence() {},
  acknowledge: () => true,
  onFlush() {},
  onPong() {},
  onDrain() {},
  unproved: () => [],
  close() {},
};

function sessionsOn(store: SessionPorts['store'], pool = new ConnectionPool(5)): Sessions {
  return new Sessions({
    store,
    pool,
    clock: new ManualClock(),
    makeReader: (_connection, { userId }) => ({ ...idleReader, userId }),
    follow() {},
    leave() {},
    onArrive() {},
    onDepart: () => undefined,
  });
}

async function registered(sessions: Sessions, connection: Connection): Promise<Session> {
  const made: Session[] = [];
  const party: RegisteringParty = { isOpen: () => true, onSession: (session) => made.push(session) };
  await sessions.register(connection, ann, party);
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
    ...{ createdAtMs: 0, storedAtMs: 0, clientMsgId: undefined, receipt: false },
  });

  const restarted = createMemoryStore(storeOptions, store.state);
  const streams = await restarted.openReader(ann, 0, () => {});
  expect(streams).toMatchObject([{ stream: inboxOf('ann'), cursor: 0, written: 1 }]);
});
