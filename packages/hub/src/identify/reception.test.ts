import { HubError } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { OutgoingPacket, type OutgoingPackets } from '../lib/outgoing-packet.ts';
import { Unforeseen } from '../lib/unforeseen.ts';
import type { Authenticator } from '../ports/authenticator.ts';
import { TestConnection } from '../ports/connection.test-support.ts';
import { silentLog } from '../ports/log.ts';
import { ConnectionPool } from './pool.ts';
import { Reception } from './reception.ts';

const registerTimeoutMs = 60_000;

interface SetUp {
  /** `io(url, { auth })` */
  readonly auth?: Readonly<Record<string, unknown>>;
  readonly method?: string;
  readonly authenticate?: Authenticator['authenticate'];
  /** Why a registration fails. */
  readonly failure?: unknown;
  readonly refusal?: HubError;
}

/** A reception and one connection, with everything that happens to it, in order. */
function setUp({ auth = {}, method = 'open', authenticate = () => ({ userId: undefined }), failure, refusal }: SetUp = {}) {
  const clock = new ManualClock();
  const pool = new ConnectionPool(5);
  const happened: string[] = [];
  const logged: unknown[] = [];
  const unforeseen = new Unforeseen((error) => logged.push(error));
  const connection = Object.assign(new TestConnection('c1', auth), {
    send: (outgoing: OutgoingPackets) => happened.push('text' in outgoing ? outgoing.text : ''),
    close: (reason: string) => happened.push(`close: ${reason}`),
  });
  const reception = new Reception({
    ...{ pool, clock, registerTimeoutMs, version: '1' },
    authenticator: { method, authenticate },
    encode: (event) => new OutgoingPacket(event),
    converse: () => ({
      ...{ onEvent() {}, onPong() {}, onDrain() {}, onClose() {} },
      async register(payload) {
        if (failure !== undefined) throw failure;
        happened.push(`register ${JSON.stringify(payload)}`);
      },
    }),
    refusal: () => refusal,
    closeOverdue: ({ id }) => happened.push(`overdue: ${id}`),
    told: (error, event) => unforeseen.told(error, event),
    log: silentLog,
  });
  return { reception, connection, clock, pool, happened, logged };
}

/** Decides over one connection. */
async function accepted(options: SetUp = {}) {
  const { reception, connection, pool, happened, logged } = setUp(options);
  const decision = await reception.accept(connection, '/');
  const isKept = [...pool.unregistered()].length === 1;
  expect(isKept).toBe(!('refuse' in decision));
  return { happened, logged, refused: 'refuse' in decision ? decision.refuse : undefined };
}

describe('identity in the handshake', () => {
  test('registers the connection with the fields of `register`, after its welcome', async () => {
    const auth = { user_id: 7, device_id: 'phone', ack: 'explicit', state: 'dnd' };
    const { happened, refused } = await accepted({ auth });
    expect(happened).toEqual(['connected', `register ${JSON.stringify(auth)}`]);
    expect(refused).toBeUndefined();
  });

  test('is optional while everybody is who they say: the connection registers later', async () => {
    expect((await accepted({ auth: { token: 'x' } })).happened).toEqual(['connected']);
  });

  test('is the user of the credentials, whom the client need not name', async () => {
    const { happened } = await accepted({ method: 'jwt', authenticate: () => ({ userId: '7' }), auth: { token: 'x', device_id: 'phone' } });
    expect(happened.at(-1)).toBe('register {"user_id":"7","token":"x","device_id":"phone"}');
    expect((await accepted({ method: 'jwt', authenticate: () => ({ userId: '7' }), auth: { user_id: 7 } })).refused).toBeUndefined();
  });

  test.for([
    ['somebody else than the credentials say', { user_id: 'bob' }, '7', 'sender_mismatch'],
    ['a field of the wrong form', { user_id: 'ann', ack: 'sometimes' }, undefined, 'invalid_payload'],
    ['an empty id', { user_id: '' }, undefined, 'invalid_payload'],
    ['no id at all', { user_id: null }, undefined, 'invalid_payload'],
    ['a field of the wrong form beside a token', { device_id: 4 }, '7', 'invalid_payload'],
  ] as const)('is refused with the failure as data if it says %s', async ([, auth, userId, code]) => {
    const { happened, refused } = await accepted({ auth, method: userId === undefined ? 'open' : 'jwt', authenticate: () => ({ userId }) });
    expect(refused).toMatchObject({ data: { status: 'error', code } });
    expect(refused?.message).toBe(Object(refused?.data).message);
    expect(happened).toEqual([]);
  });
});

describe('a refusal', () => {
  test('that only the caller can mend is told, and the connection is forgotten', async () => {
    const { happened, refused } = await accepted({ auth: { user_id: 'ann' }, failure: new HubError('connection_limit') });
    expect(refused).toMatchObject({ data: { code: 'connection_limit' } });
    expect(happened).toEqual(['connected']);
  });

  test.for(['overloaded', 'storage_full', 'storage_failed', 'shutting_down'] as const)(
    'that time mends closes the transport, so that stock clients come back: %s',
    async (code) => {
      const { happened } = await accepted({ auth: { user_id: 'ann' }, failure: new HubError(code) });
      expect(happened).toEqual(['connected', 'close: forced close']);
    },
  );

  test('by a hub that shuts down closes the transport', async () => {
    expect((await accepted({ refusal: new HubError('shutting_down') })).happened).toEqual(['close: forced close']);
  });

  test('by a store that failed in a way that no error code foresees is logged too', async () => {
    const failure = new HubError('internal_error', { cause: new TypeError('secret') });
    const { logged } = await accepted({ auth: { user_id: 'ann' }, failure });
    expect(logged).toEqual([failure]);
  });

  test('that no error code foresees is logged, as its message says, and nothing of its text is sent', async () => {
    const { happened, logged, refused } = await accepted({ auth: { user_id: 'ann' }, failure: new TypeError('secret') });
    expect(logged).toEqual([new TypeError('secret')]);
    expect(JSON.stringify(refused)).not.toContain('secret');
    expect(happened.at(-1)).toBe('close: forced close');
  });

  test('by the authenticator keeps its message and data', async () => {
    const refuse = { message: 'The token has expired.', data: { expired: true } };
    expect(await accepted({ authenticate: () => ({ refuse }) })).toMatchObject({ refused: refuse, happened: [] });
  });
});

describe('an authenticator', () => {
  const noAnswer = (): Promise<never> => new Promise(() => {});

  test('is given the handshake with what the client said', async () => {
    const seen: unknown[] = [];
    await accepted({
      auth: { token: 'x' },
      authenticate(handshake) {
        seen.push(handshake);
        return { userId: '7' };
      },
    });
    expect(seen).toMatchObject([{ auth: { token: 'x' }, headers: {}, query: {} }]);
  });

  test.for<[string, Authenticator['authenticate']]>([
    [
      'throws',
      () => {
        throw new Error('no key');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no key'))],
    ['rejects with a code of the hub', () => Promise.reject(new HubError('connection_limit'))],
    ['answers nothing', () => Promise.resolve(JSON.parse('null'))],
    ['answers something else', () => JSON.parse('{"user":"ann"}')],
    ['answers an id that is none', () => ({ userId: '' })],
    ['answers a number', () => JSON.parse('{"userId":7}')],
    ['refuses without a message', () => JSON.parse('{"refuse":true,"userId":"ann"}')],
    ['leaves the choice to the client although it has another method than `open`', () => ({ userId: undefined })],
  ])('that %s lets nobody in, which is logged, and clients come back', async ([, authenticate]) => {
    const { happened, logged, refused } = await accepted({ method: 'jwt', authenticate, auth: { user_id: 'eve' } });
    expect(happened).toEqual(['close: forced close']);
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(refused)).not.toContain('key');
  });

  test('that never answers is given up after ten seconds', async () => {
    const { reception, connection, clock, happened, logged } = setUp({ method: 'jwt', authenticate: noAnswer });
    const decided = reception.accept(connection, '/');
    clock.advance(9_999);
    expect(happened).toEqual([]);
    clock.advance(1);
    expect(await decided).toMatchObject({ refuse: { data: { code: 'internal_error' } } });
    expect(happened).toEqual(['close: forced close']);
    expect(logged).toHaveLength(1);
  });

  test('that refuses is obeyed, whatever else it says', async () => {
    const both = JSON.parse('{"refuse":{"message":"no"},"userId":"ann"}');
    expect(await accepted({ method: 'jwt', authenticate: () => both })).toMatchObject({
      refused: { message: 'no' },
      happened: [],
      logged: [],
    });
  });
});

describe('the time to register', () => {
  test('counts from the opening of the session', async () => {
    const { reception, connection, clock, happened } = setUp();
    await reception.accept(connection, '/');
    clock.advance(registerTimeoutMs - 1);
    reception.closeOverdue();
    expect(happened).toEqual(['connected']);
    clock.advance(1);
    reception.closeOverdue();
    expect(happened).toEqual(['connected', 'overdue: c1']);
  });

  test('is not longer for who leaves the namespace and joins it again', async () => {
    const { reception, connection, pool, clock, happened } = setUp();
    await reception.accept(connection, '/');
    pool.close(connection, undefined);
    clock.advance(registerTimeoutMs);
    await reception.accept(connection, '/');
    expect(happened).toEqual(['connected', 'close: forced close']);
  });
});
