import { describe, expect, test } from 'vitest';
import { HubApi } from './api.ts';
import { startTestHub } from './core.test-support.ts';

function startWithApi() {
  const { core, connect } = startTestHub();
  const vitals = () => ({ residentBytes: 0, loopDelayMs: { median: 0, p99: 0, max: 0 } });
  const strangers = () => ({ open: 0, displaced: 0, refused: 0 });
  return { api: new HubApi(core, { vitals, strangers }), connect };
}

const deep = (levels: number): unknown => (levels === 0 ? 0 : [deep(levels - 1)]);
const cycle: unknown[] = [];
cycle.push(cycle);

/** What the types do not let pass. */
const wrong = <T>(value: unknown): T => JSON.parse(JSON.stringify({ value })).value;

describe('the application is held to the limits of a client (values that were stored)', () => {
  const cases: [name: string, code: string, call: (api: HubApi) => Promise<unknown>][] = [
    ['an empty recipient', 'invalid_payload', (api) => api.sendToUser('', 'x')],
    ['an id with a zero-width space', 'invalid_payload', (api) => api.sendToUser('ann\u200b', 'x')],
    ['a fraction as a recipient', 'invalid_payload', (api) => api.sendToUser(1.5, 'x')],
    ['a number as a room', 'invalid_payload', (api) => api.sendToRoom(wrong(1), 'x')],
    ['no content', 'invalid_payload', (api) => api.sendToUser('ann', undefined)],
    ['content that JSON has no form for', 'invalid_payload', (api) => api.sendToUser('ann', cycle)],
    ['half of a surrogate pair', 'invalid_payload', (api) => api.sendToUser('ann', 'a\ud800')],
    ['100,000 characters', 'content_too_large', (api) => api.sendToUser('ann', 'x'.repeat(100_000))],
    ['65 levels', 'content_too_deep', (api) => api.sendToRoom('lobby', deep(65))],
    ['a broadcast of 100,000 characters', 'content_too_large', (api) => api.broadcast('x'.repeat(100_000))],
    ['data of 100,000 characters', 'content_too_large', (api) => api.signal({ room_id: 'lobby' }, 'x', { data: 'x'.repeat(100_000) })],
    ['a sender with a space before it', 'invalid_payload', (api) => api.sendToUser('ann', 1, { sender_id: ' shop' })],
    ['a type of 65 characters', 'invalid_payload', (api) => api.sendToUser('ann', 1, { type: 'x'.repeat(65) })],
    [
      '1,001 recipients',
      'invalid_payload',
      (api) =>
        api.sendToUsers(
          Array.from({ length: 1001 }, (_, n) => n),
          1,
        ),
    ],
    ['a room for -5', 'invalid_payload', (api) => api.createRoom({ room_name: 'x', created_by: 'ann', max_members: -5 })],
    ['a room without a name', 'invalid_payload', (api) => api.createRoom({ room_name: '', created_by: 'ann' })],
    ['a member without a name', 'invalid_payload', (api) => api.addMember('lobby', '')],
    ['501 members of a page', 'invalid_payload', (api) => api.members('lobby', { limit: 501 })],
    ['501 rooms of a page', 'invalid_payload', (api) => api.rooms({ limit: 501 })],
    ['a page of history from nowhere', 'invalid_payload', (api) => api.history('ann', { room_id: 'lobby', before_id: 'x' })],
    ['a room that is not there', 'room_not_found', (api) => api.sendToRoom('nowhere', 'x')],
  ];
  test.each(cases)('%s', async (_name, code, call) => {
    const { api } = startWithApi();
    await api.createRoom({ room_id: 'lobby', room_name: 'Lobby', created_by: 'ann' });
    await expect(call(api)).rejects.toMatchObject({ name: 'HubError', code });
    expect(await api.stats()).toMatchObject({ messages: 0, rooms: 1 });
  });
});

test('results are those of the wire, and 1 and "1" are one user', async () => {
  const { api, connect } = startWithApi();
  const one = await connect('1');
  expect(await api.sendToUser(1, { a: 1.5 })).toEqual({ status: 'success', message_id: '1', seq: 1, timestamp: 1_764_000_000 });
  expect(await api.sendToUsers(['1', 2], 'x', { sender_id: 'shop', client_msg_id: 'c' })).toMatchObject({
    status: 'success',
    results: [
      { recipient_id: 1, status: 'success', seq: 2 },
      { recipient_id: 2, status: 'success', seq: 1 },
    ],
  });
  expect(await api.createRoom({ room_id: 'staff', room_name: 'Staff', created_by: 1, is_private: true })).toMatchObject({
    ...{ status: 'success', room_id: 'staff', created_by: 1, is_private: true, member_count: 1 },
  });
  expect(await api.addMember('staff', 'sam')).toMatchObject({ status: 'success', members: [1, 'sam'], member_count: 2 });
  expect(await api.members('staff', { after: 1 })).toMatchObject({ members: [{ user_id: 'sam', role: 'member' }], has_more: false });
  expect(await api.sendToRoom('staff', 'hello')).toMatchObject({ seq: 1 });
  expect(await api.history(1, { room_id: 'staff' })).toMatchObject({
    messages: [{ sender_id: 'system', content: 'hello' }],
    has_more: false,
  });
  expect(await api.rooms({ include_private: false })).toEqual({ rooms: [], count: 0, has_more: false });
  expect(await api.rooms()).toMatchObject({ rooms: [{ room_id: 'staff' }], count: 1 });
  expect(await api.presence({ user_ids: [1, 'sam'] })).toMatchObject({
    users: [
      { user_id: 1, state: 'online' },
      { user_id: 'sam', last_seen: null },
    ],
  });
  expect(await api.setState(1, { state: 'away' })).toEqual({ status: 'success', state: 'away' });
  expect(await api.setState('sam', { state: 'away' })).toBeUndefined();
  expect(await api.removeMember('staff', 'sam')).toMatchObject({ status: 'success', room_id: 'staff' });
  expect(await api.deleteRoom('staff')).toEqual({ status: 'success', room_id: 'staff' });
  expect(one.all('room_deleted')).toEqual([{ room_id: 'staff' }]);
});
