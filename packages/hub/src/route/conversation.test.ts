import { HubError } from '@parley/protocol';
import { createMemoryStore } from '@parley/testkit';
import { describe, expect, test } from 'vitest';
import type { InboundEvent } from '../ports/connection.ts';
import type { AppendRequest, Store, UserState } from '../ports/store.ts';
import { Conversation, type ConversationPorts } from './conversation.ts';
import { TestConnection, testServices, testSession } from './services.test-support.ts';
import type { Services, SessionRegistrar } from './services.ts';
import { UnderWay } from './under-way.ts';

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
  const underWay = new UnderWay();
  const conversation = new Conversation(connection, {
    services: testServices({ ...memory, append, ...store }, services),
    refusal,
    underWay,
    onUnexpected: (error) => unexpected.push(error),
    onClosed() {},
  });
  const emit = (name: string, payload: unknown, ackId?: number): void => conversation.onEvent(eventOf(name, payload, ackId));
  return { connection, conversation, appended, unexpected, underWay, emit, sent: () => connection.sent.map(brief) };
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

  test('what nobody foresaw is told as internal_error, without its text, and reported', async () => {
    const { emit, connection, sent, unexpected } = setUp({ store: { append: () => Promise.reject(new TypeError('secret')) } });
    emit('register', { user_id: 'ann' });
    emit('message', toBob(1), 1);
    await settled();
    expect(sent()).toEqual(['registered success', '#1 internal_error (message)']);
    expect(connection.sent.join()).not.toContain('secret');
    expect(unexpected).toEqual([new TypeError('secret')]);
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

  test('waits for each barrier among it', async () => {
    const { emit, sent } = setUp();
    emit('register', { user_id: 'ann' });
    emit('join_room', { room_id: 'lobby' });
    emit('room_message', { room_id: 'lobby', content: 1 });
    emit('leave_room', { room_id: 'lobby' });
    emit('room_message', { room_id: 'lobby', content: 2 });
    await settled();
    expect(sent().toSorted()).toEqual([
      'error not_member (room_message)',
      'joined_room success',
      'left_room success',
      'message_sent success',
      'registered success',
    ]);
  });

  test('is bounded in number, and what is too much is refused at once', async () => {
    const { sessions, goOn } = heldRegistrations();
    const { emit, sent, appended } = setUp({ services: { sessions } });
    emit('register', { user_id: 'ann' });
    for (let count = 0; count < 1001; count++) emit('message', toBob(count), count);
    expect(sent()).toEqual(['#1000 overloaded (message)']);
    goOn();
    await settled();
    expect(appended).toHaveLength(1000);
  });

  test('is bounded in characters', () => {
    const { emit, conversation, sent } = setUp({ services: { sessions: heldRegistrations().sessions } });
    emit('register', { user_id: 'ann' });
    for (let count = 0; count < 5; count++) emit('message', toBob('x'.repeat(1024 * 1024)), count);
    expect(sent()).toEqual(['#3 overloaded (message)', '#4 overloaded (message)']);
    conversation.onEvent({ ...eventOf('message', {}, 9), text: undefined });
    expect(sent().at(-1)).toBe('#9 overloaded (message)');
  });
});

describe('a connection that closes', () => {
  test('while it registers has no session, but what it sent is carried out', async () => {
    const { sessions, goOn, closed } = heldRegistrations();
    const { emit, connection, conversation, appended } = setUp({ services: { sessions } });
    emit('register', { user_id: 'ann' });
    emit('message', toBob(1));
    connection.isGone = true;
    conversation.onClose('transport close');
    goOn();
    await settled();
    expect(appended).toMatchObject([{ senderId: 'ann', content: '1' }]);
    expect(closed).toEqual([]);
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
    const { conversation, underWay } = setUp({
      services: { sessions: { register: () => Promise.reject(new HubError('connection_limit')), close() {} } },
    });
    const registering = conversation.register({ user_id: 'ann' });
    let isDrained = false;
    void underWay.none().then(() => {
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
  const { emit, sent, underWay } = setUp({ refusal: () => refusal });
  emit('register', { user_id: 'ann' });
  await settled();
  emit('message', toBob(1));
  refusal = new HubError('shutting_down');
  emit('message', toBob(2));
  await underWay.none();
  expect(sent()).toEqual(['registered success', 'error shutting_down (message)', 'message_sent success']);
});
