import { HubError } from '@parley/protocol';
import { createMemoryStore } from '@parley/testkit';
import { describe, expect, test } from 'vitest';
import { Unforeseen } from '../lib/unforeseen.ts';
import type { InboundEvent } from '../ports/connection.ts';
import type { AppendRequest, Store, UserState } from '../ports/store.ts';
import { Conversation, type ConversationPorts } from './conversation.ts';
import { PendingCommands } from './pending-commands.ts';
import { ReadGate } from './read-gate.ts';
import { TestConnection, testServices, testSession } from './services.test-support.ts';
import type { Services, SessionRegistrar } from './services.ts';

const storeOptions = { queueMessagesMax: 100, queueOverflow: 'reject', onAppended() {}, onFailed() {} } as const;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface SetUp {
  readonly services?: Partial<Services>;
  readonly store?: Partial<Store>;
  readonly refusal?: ConversationPorts['refusal'];
}

/** A conversation over a memory store, with what was appended, in order. */
function setUp({ services = {}, store = {}, refusal = () => undefined }: SetUp = {}) {
  const appended: AppendRequest[] = [];
  const memory = createMemoryStore(storeOptions);
  const append: Store['append'] = (request) => {
    appended.push(request);
    return memory.append(request);
  };
  const connection = new TestConnection();
  const unexpected: unknown[] = [];
  const unforeseen = new Unforeseen((error) => unexpected.push(error));
  const pending = new PendingCommands();
  const conversation = new Conversation(connection, {
    services: testServices({ ...memory, append, ...store }, services),
    refusal,
    pending,
    readGate: new ReadGate(8),
    told: (error, event) => unforeseen.told(error, event),
    onClosed() {},
  });
  // As the connect stage does it: what comes while the connection is held stays unread.
  const unread: InboundEvent[] = [];
  const read = (): void => {
    while (connection.holds === 0 && unread.length > 0) conversation.onEvent(unread.shift() ?? eventOf('', {}));
  };
  connection.onReleased = read;
  const emit = (name: string, payload: unknown, ackId?: number): void => {
    unread.push(eventOf(name, payload, ackId));
    read();
  };
  return { connection, conversation, appended, unexpected, pending, emit, sent: () => connection.sent.map(brief) };
}

function eventOf(name: string, payload: unknown, ackId?: number): InboundEvent {
  return { name, args: [payload], text: JSON.stringify([name, payload]), ackId };
}

/** `message_sent`, `#3 success`, `error not_member`: the answer without what is not looked at. */
function brief(packet: string): string {
  const [, ackId] = /^3(\d+)/.exec(packet) ?? [];
  const json: unknown = JSON.parse(packet.slice(packet.indexOf('[')));
  const [first, second]: unknown[] = Array.isArray(json) ? json : [];
  const payload = ackId === undefined ? second : first;
  const { status, code, event } = Object(payload);
  const outcome = code === undefined ? status : `${code} (${event})`;
  return ackId === undefined ? `${String(first)} ${outcome}` : `#${ackId} ${outcome}`;
}

const toBob = (content: unknown) => ({ recipient_id: 'bob', content });

/** Registrations that wait until the test lets them go on. */
function heldRegistrations(): { readonly sessions: SessionRegistrar; readonly goOn: () => void; readonly closed: string[] } {
  const gate = Promise.withResolvers<void>();
  const closed: string[] = [];
  return {
    closed,
    goOn: gate.resolve,
    sessions: {
      async register(connection, { userId }, enter) {
        await gate.promise;
        if (!connection.isGone) enter(testSession(userId, connection), { rooms: [], queued: 0, missed: 0 });
      },
      close: ({ userId }) => closed.push(userId),
    },
  };
}

describe('each event has exactly one answer', () => {
  test('its acknowledgement if it asked for one, else the event that answers it', async () => {
    const { emit, sent } = setUp();
    emit('register', { user_id: 'ann' }, 0);
    emit('message', toBob(1), 1);
    emit('message', toBob(2));
    await settled();
    expect(sent()).toEqual(['#0 success', '#1 success', 'message_sent success']);
  });

  test('a failure is told in the same place', async () => {
    const { emit, sent } = setUp();
    emit('message', toBob(1));
    emit('nonsense', {}, 4);
    emit('register', { user_id: 'ann' });
    emit('room_message', { room_id: 'lobby', content: 1 }, 5);
    emit('message', {});
    await settled();
    expect(sent().toSorted()).toEqual([
      '#4 unknown_event (nonsense)',
      '#5 room_not_found (room_message)',
      'error invalid_payload (message)',
      'error not_registered (message)',
      'registered success',
    ]);
  });

  test('a state that can not be stored is no second answer to register', async () => {
    const saveStates = (_states: readonly UserState[]): Promise<void> => Promise.reject(new HubError('storage_full'));
    const { emit, sent } = setUp({
      store: { saveStates },
      services: {
        presence: {
          ...testServices(createMemoryStore(storeOptions)).presence,
          choose: (userId, state) => ({ userId, state, statusText: undefined, lastSeenMs: 0 }),
        },
      },
    });
    emit('register', { user_id: 'ann' }, 0);
    emit('register', { user_id: 'ann', state: 'dnd' }, 1);
    await settled();
    expect(sent()).toEqual(['#0 success', '#1 success']);
  });

  test('what no error code foresees is answered with internal_error, without its text, and logged', async () => {
    const { emit, connection, sent, unexpected } = setUp({ store: { append: () => Promise.reject(new TypeError('secret')) } });
    emit('register', { user_id: 'ann' });
    emit('message', toBob(1), 1);
    await settled();
    expect(sent()).toEqual(['registered success', '#1 internal_error (message)']);
    expect(connection.sent.join()).not.toContain('secret');
    expect(unexpected).toEqual([new TypeError('secret')]);
  });

  test('so is an internal_error of the store itself', async () => {
    const failure = new HubError('internal_error', { cause: new TypeError('secret') });
    const { emit, unexpected } = setUp({ store: { append: () => Promise.reject(failure) } });
    emit('register', { user_id: 'ann' });
    emit('message', toBob(1), 1);
    await settled();
    expect(unexpected).toEqual([failure]);
  });
});

describe('what is sent behind a barrier', () => {
  test('waits for it, and is then carried out in order', async () => {
    const { sessions, goOn } = heldRegistrations();
    const { emit, sent, appended } = setUp({ services: { sessions } });
    emit('register', { user_id: 'ann' });
    for (const content of [1, 2, 3]) emit('message', toBob(content));
    await settled();
    expect(sent()).toEqual([]);
    goOn();
    await settled();
    expect(appended.map(({ senderId, content }) => [senderId, content])).toEqual([
      ['ann', '1'],
      ['ann', '2'],
      ['ann', '3'],
    ]);
    expect(sent()).toEqual(['registered success', ...Array.from({ length: 3 }, () => 'message_sent success')]);
  });

  test.for([
    ['register', {}],
    ['join_room', { room_id: 'lobby' }],
    ['create_room', { room_id: 'kitchen', room_name: 'Kitchen' }],
    ['leave_room', { room_id: 'lobby' }],
    ['delete_room', { room_id: 'lobby' }],
  ] as const)('stays unread until it is answered: %s', async ([name, payload]) => {
    const { connection, conversation, emit, sent } = setUp();
    await conversation.register({ user_id: 'ann' });
    emit(name, payload, 0);
    emit('ping_hub', {}, 1);
    expect(connection.holds).toBe(1);
    await settled();
    expect(sent().map((answer) => answer.slice(0, 2))).toEqual(['re', '#0', '#1']);
    expect(connection.holds).toBe(0);
  });

  test('does not wait for commands that are no barriers', async () => {
    const { connection, conversation, emit } = setUp();
    await conversation.register({ user_id: 'ann' });
    for (const name of ['message', 'room_message', 'broadcast', 'signal', 'set_state', 'history', 'ack']) emit(name, {}, 0);
    expect(connection.holds).toBe(0);
  });
});

describe('what a client sends without waiting for answers', () => {
  /** A registered connection whose sends and reads the store answers when the test lets it. */
  async function slowStore() {
    const gate = Promise.withResolvers<void>();
    const memory = createMemoryStore(storeOptions);
    const conversation = setUp({
      store: {
        append: (request) => gate.promise.then(() => memory.append(request)),
        history: (query) => gate.promise.then(() => memory.history(query)),
      },
    });
    await conversation.conversation.register({ user_id: 'ann' });
    return { ...conversation, goOn: gate.resolve };
  }

  test('is read up to 256 commands, and then as they are answered', async () => {
    const { connection, emit, sent, goOn } = await slowStore();
    for (let count = 0; count < 255; count++) emit('message', toBob(count), count);
    expect(connection.holds).toBe(0);
    emit('message', toBob(255), 255);
    expect(connection.holds).toBe(1);
    emit('message', toBob(256), 256);
    goOn();
    await settled();
    expect(connection.holds).toBe(0);
    expect(sent()).toHaveLength(1 + 257);
  });

  test('is read up to a million characters', async () => {
    const { connection, emit, goOn } = await slowStore();
    emit('message', toBob('x'.repeat(900)), 0);
    expect(connection.holds).toBe(0);
    emit('message', { ...toBob(1), ignored: 'x'.repeat(1024 * 1024) }, 1);
    expect(connection.holds).toBe(1);
    goOn();
    await settled();
    expect(connection.holds).toBe(0);
  });

  test('is read up to four reads', async () => {
    const { connection, emit, sent, goOn } = await slowStore();
    for (let count = 0; count < 3; count++) emit('history', { user_id: 'bob' }, count);
    expect(connection.holds).toBe(0);
    emit('history', { user_id: 'bob' }, 3);
    expect(connection.holds).toBe(1);
    goOn();
    await settled();
    expect(connection.holds).toBe(0);
    expect(sent()).toHaveLength(1 + 4);
  });
});

describe('the store sees the commands of a connection in the order in which they came', () => {
  const handedOver: [string, object, keyof Store][] = [
    ['message', toBob(1), 'append'],
    ['room_message', { room_id: 'lobby', content: 1 }, 'append'],
    ['create_room', { room_name: 'Kitchen' }, 'createRoom'],
    ['join_room', { room_id: 'lobby' }, 'joinRoom'],
    ['leave_room', { room_id: 'lobby' }, 'leaveRoom'],
    ['delete_room', { room_id: 'lobby' }, 'deleteRoom'],
    ['members', { room_id: 'lobby' }, 'members'],
    ['history', { user_id: 'bob' }, 'history'],
  ];

  test.for(handedOver)('since %s is handed over before the next event is looked at', async ([name, payload, method]) => {
    const called: string[] = [];
    const { conversation, emit } = setUp({
      store: {
        [method]: () => {
          called.push(method);
          return new Promise(() => {});
        },
      },
    });
    await conversation.register({ user_id: 'ann' });
    emit(name, payload, 0);
    expect(called).toEqual([method]);
  });
});

describe('a connection that closes', () => {
  test('while it registers has no session', async () => {
    const { sessions, goOn, closed } = heldRegistrations();
    const { emit, connection, conversation, sent } = setUp({ services: { sessions } });
    emit('register', { user_id: 'ann' });
    connection.isGone = true;
    conversation.onClose('transport close');
    goOn();
    await settled();
    expect(closed).toEqual([]);
    expect(sent()).toEqual([]);
  });

  test('afterwards ends its session once', async () => {
    const { sessions, goOn, closed } = heldRegistrations();
    const { emit, conversation } = setUp({ services: { sessions } });
    goOn();
    emit('register', { user_id: 'ann' });
    await settled();
    conversation.onClose('transport close');
    expect(closed).toEqual(['ann']);
  });
});

describe('a connection that registers by its handshake', () => {
  test('is told of it as by an event, and its events are carried out without another register', async () => {
    const { conversation, emit, sent, appended } = setUp();
    await conversation.register({ user_id: 'ann' });
    expect(sent()).toEqual(['registered success']);
    emit('message', toBob(1), 0);
    emit('message', toBob(2), 1);
    await settled();
    expect(sent()).toEqual(['registered success', '#0 success', '#1 success']);
    expect(appended.map(({ senderId }) => senderId)).toEqual(['ann', 'ann']);
  });

  test('may register again, with or without its id, and not as somebody else', async () => {
    const { conversation, emit, sent } = setUp();
    await conversation.register({ user_id: 'ann' });
    emit('register', { user_id: 'bob' }, 0);
    emit('register', {}, 1);
    emit('register', { user_id: 'ann' }, 2);
    await settled();
    expect(sent()).toEqual(['registered success', '#0 already_registered (register)', '#1 success', '#2 success']);
  });

  test('can not be the application, whose messages come from "system"', async () => {
    const { conversation, emit, sent } = setUp();
    await expect(conversation.register({ user_id: 'system' })).rejects.toMatchObject({ code: 'invalid_payload' });
    emit('register', { user_id: 'system' }, 0);
    await settled();
    expect(sent()).toEqual(['#0 invalid_payload (register)']);
  });

  test('learns why it could not, and a drain waits for the answer', async () => {
    const { conversation, pending } = setUp({
      services: { sessions: { register: () => Promise.reject(new HubError('connection_limit')), close() {} } },
    });
    const registering = conversation.register({ user_id: 'ann' });
    let isDrained = false;
    void pending.none().then(() => {
      isDrained = true;
    });
    expect(isDrained).toBe(false);
    await expect(registering).rejects.toMatchObject({ code: 'connection_limit' });
    await settled();
    expect(isDrained).toBe(true);
  });
});

test('a sender is who has registered, whatever it says (I10)', async () => {
  const { emit, sent, appended } = setUp();
  emit('register', { user_id: 7 });
  emit('message', { ...toBob(1), sender_id: '7' });
  emit('message', { ...toBob(2), sender_id: 'bob' });
  emit('register', { user_id: 'bob' });
  await settled();
  expect(appended).toMatchObject([{ senderId: '7', content: '1' }]);
  expect(sent().toSorted()).toEqual([
    'error already_registered (register)',
    'error sender_mismatch (message)',
    'message_sent success',
    'registered success',
  ]);
});

test('a hub that shuts down refuses what comes, and carries out what it has accepted', async () => {
  let refusal: HubError | undefined;
  const { emit, sent, pending } = setUp({ refusal: () => refusal });
  emit('register', { user_id: 'ann' });
  await settled();
  emit('message', toBob(1));
  refusal = new HubError('shutting_down');
  emit('message', toBob(2));
  await pending.none();
  expect(sent()).toEqual(['registered success', 'error shutting_down (message)', 'message_sent success']);
});
