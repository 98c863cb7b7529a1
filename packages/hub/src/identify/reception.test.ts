import { HubError } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import type { Identity } from '../ports/authenticator.ts';
import type { Connection, Refusal } from '../ports/connection.ts';
import { Reception } from './reception.ts';

interface SetUp {
  /** `io(url, { auth })` */
  readonly auth?: Readonly<Record<string, unknown>>;
  readonly authenticate?: () => Identity | { readonly refuse: Refusal };
  /** Why a registration fails. */
  readonly failure?: unknown;
  readonly refusal?: HubError;
}

/** Decides over one connection, and tells everything that happened, in order. */
async function accepted({ auth = {}, authenticate = () => ({ userId: undefined }), failure, refusal }: SetUp = {}) {
  const happened: string[] = [];
  const logged: unknown[] = [];
  const connection: Connection = {
    ...{ id: 'c1', transport: 'websocket', isGone: false, bufferedBytes: 0, stalledSinceMs: undefined },
    handshake: { address: '', headers: {}, query: {}, auth, issuedAtMs: 0 },
    send() {},
    ping: () => true,
    close: (reason) => happened.push(`close: ${reason}`),
  };
  const reception = new Reception({
    authenticator: { method: 'test', authenticate },
    open: () => happened.push('open'),
    forget: () => happened.push('forget'),
    welcome: () => happened.push('welcome'),
    converse: () => ({
      ...{ onEvent() {}, onPong() {}, onDrain() {}, onClose() {} },
      async register(payload) {
        if (failure !== undefined) throw failure;
        happened.push(`register ${JSON.stringify(payload)}`);
      },
    }),
    refusal: () => refusal,
    log: { debug() {}, info() {}, warn() {}, error: (fields) => logged.push(fields) },
  });
  const decision = await reception.accept(connection, '/');
  return { happened, logged, refused: 'refuse' in decision ? decision.refuse : undefined };
}

describe('identity in the handshake', () => {
  test('registers the connection with the fields of `register`, after its welcome', async () => {
    const auth = { user_id: 7, device_id: 'phone', ack: 'explicit', state: 'dnd' };
    const { happened, refused } = await accepted({ auth });
    expect(happened).toEqual(['open', 'welcome', `register ${JSON.stringify(auth)}`]);
    expect(refused).toBeUndefined();
  });

  test('is optional while everybody is who they say: the connection registers later', async () => {
    expect((await accepted({ auth: { token: 'x' } })).happened).toEqual(['open', 'welcome']);
  });

  test('is the user of the credentials, whom the client need not name', async () => {
    const { happened } = await accepted({ authenticate: () => ({ userId: '7' }), auth: { token: 'x', device_id: 'phone' } });
    expect(happened.at(-1)).toBe('register {"user_id":"7","token":"x","device_id":"phone"}');
    expect((await accepted({ authenticate: () => ({ userId: '7' }), auth: { user_id: 7 } })).refused).toBeUndefined();
  });

  test.for([
    ['somebody else than the credentials say', { user_id: 'bob' }, '7', 'sender_mismatch'],
    ['a field of the wrong form', { user_id: 'ann', ack: 'sometimes' }, undefined, 'invalid_payload'],
    ['an empty id', { user_id: '' }, undefined, 'invalid_payload'],
    ['no id at all', { user_id: null }, undefined, 'invalid_payload'],
    ['a field of the wrong form beside a token', { device_id: 4 }, '7', 'invalid_payload'],
  ] as const)('is refused with the failure as data if it says %s', async ([, auth, userId, code]) => {
    const { happened, refused } = await accepted({ auth, authenticate: () => ({ userId }) });
    expect(refused).toMatchObject({ data: { status: 'error', code } });
    expect(refused?.message).toBe(Object(refused?.data).message);
    expect(happened).toEqual([]);
  });
});

describe('a refusal', () => {
  test('that only the caller can mend is told, and the connection is forgotten', async () => {
    const { happened, refused } = await accepted({ auth: { user_id: 'ann' }, failure: new HubError('connection_limit') });
    expect(refused).toMatchObject({ data: { code: 'connection_limit' } });
    expect(happened).toEqual(['open', 'welcome', 'forget']);
  });

  test.for(['overloaded', 'storage_full', 'storage_failed', 'shutting_down'] as const)(
    'that time mends closes the transport, so that stock clients come back: %s',
    async (code) => {
      const { happened } = await accepted({ auth: { user_id: 'ann' }, failure: new HubError(code) });
      expect(happened).toEqual(['open', 'welcome', 'forget', 'close: forced close']);
    },
  );

  test('by a hub that shuts down closes the transport', async () => {
    expect((await accepted({ refusal: new HubError('shutting_down') })).happened).toEqual(['close: forced close']);
  });

  test('that nobody foresaw is logged, as its message says, and tells nothing', async () => {
    const { happened, logged, refused } = await accepted({ auth: { user_id: 'ann' }, failure: new TypeError('secret') });
    expect(logged).toEqual([{ error: new TypeError('secret') }]);
    expect(JSON.stringify(refused)).not.toContain('secret');
    expect(happened.at(-1)).toBe('close: forced close');
  });

  test('by the authenticator keeps its message and data', async () => {
    const refuse = { message: 'The token has expired.', data: { expired: true } };
    expect(await accepted({ authenticate: () => ({ refuse }) })).toMatchObject({ refused: refuse, happened: [] });
  });
});
