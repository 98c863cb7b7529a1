/** Who may do what: for each command, somebody who may not tries it. Each check that these tests name has a mutant in `tools/mutations`. */
import { describe, expect, test } from 'vitest';
import { startTestHub, type TestClient } from './core.test-support.ts';

/** Ann owns a public room and a private one, and Bob is in both. Eve is a stranger. */
async function setUp() {
  const hub = startTestHub();
  const [ann, bob, eve] = [
    await hub.connect('ann'),
    await hub.connect('bob', { ack: 'explicit' }),
    await hub.connect('eve', { ack: 'explicit' }),
  ];
  await ann.ask('create_room', { room_id: 'open', room_name: 'Open' });
  await ann.ask('create_room', { room_id: 'secret', room_name: 'Secret', is_private: true });
  for (const room_id of ['open', 'secret']) {
    await hub.core.services.store.joinRoom({ roomId: room_id, userId: 'bob', nowMs: 0, create: false, invited: true }, () => {});
  }
  return { ...hub, ann, bob, eve };
}

const roomEvents: readonly (readonly [string, object])[] = [
  ['room_message', { content: 'psst' }],
  ['history', {}],
  ['members', {}],
  ['leave_room', {}],
  ['delete_room', {}],
  ['signal', { kind: 'typing' }],
  ['presence', { watch: true }],
  ['ack', { seq: 1 }],
];

/** What a stranger is told of a room, without the room's id. */
async function told(eve: TestClient, event: string, payload: object, room_id: string): Promise<unknown> {
  return JSON.parse(JSON.stringify(await eve.ask(event, { room_id, ...payload })).replaceAll(room_id, 'the room'));
}

describe('a stranger to a room', () => {
  test.for(roomEvents)('%s: is refused in a public room, and nobody hears of it', async ([event, payload]) => {
    const { ann, eve } = await setUp();
    await ann.ask('room_message', { room_id: 'open', content: 'for members' });
    expect(await eve.ask(event, { room_id: 'open', ...payload })).toMatchObject({ status: 'error', code: 'not_member', event });
    expect(ann.all('signal')).toEqual([]);
    expect(ann.all('room_message')).toHaveLength(1);
    expect(ann.all('user_left')).toEqual([]);
    expect(await ann.ask('members', { room_id: 'open' })).toMatchObject({ member_count: 2 });
  });

  test.for(roomEvents)('%s: is told the same of a private room as of none', async ([event, payload]) => {
    const { eve } = await setUp();
    const ofNone = await told(eve, event, payload, 'no-such');
    expect(ofNone).toMatchObject({ status: 'error' });
    expect(await told(eve, event, payload, 'secret')).toEqual(ofNone);
  });

  test('watches nothing of a room whose presence was refused', async () => {
    const { eve, ann } = await setUp();
    await eve.ask('presence', { room_id: 'open', watch: true });
    await ann.ask('set_state', { state: 'dnd' });
    expect(eve.all('presence')).toEqual([]);
  });

  test('join_room: can not enter a private room, and learns of it only where joining would make one', async () => {
    const { eve } = await setUp();
    expect(await eve.ask('join_room', { room_id: 'secret' })).toMatchObject({ status: 'error', code: 'room_private' });
    const strict = startTestHub({ settings: { roomsCreateOnJoin: false } });
    const owner = await strict.connect('ann');
    await owner.ask('create_room', { room_id: 'secret', room_name: 'Secret', is_private: true });
    const mallory = await strict.connect('eve');
    expect(await told(mallory, 'join_room', {}, 'secret')).toEqual(await told(mallory, 'join_room', {}, 'no-such'));
    expect(await owner.ask('members', { room_id: 'secret' })).toMatchObject({ member_count: 1 });
  });
});

describe('delete_room', () => {
  test('is for the owner: a member is refused, and the room is as it was', async () => {
    const { ann, bob } = await setUp();
    expect(await bob.ask('delete_room', { room_id: 'open' })).toMatchObject({ status: 'error', code: 'not_owner' });
    expect(await ann.ask('room_message', { room_id: 'open', content: 'still here' })).toMatchObject({ status: 'success', seq: 1 });
  });

  test('by the owner tells the members, ends what they read and watch, and frees the name', async () => {
    const { ann, connect } = await setUp();
    const bob = await connect('bob');
    expect(await bob.ask('presence', { room_id: 'open', watch: true })).toMatchObject({ status: 'success' });
    expect(await ann.ask('delete_room', { room_id: 'open' })).toEqual({ status: 'success', room_id: 'open' });
    expect(bob.all('room_deleted')).toEqual([{ room_id: 'open' }]);

    const cas = await connect('cas');
    await cas.ask('create_room', { room_id: 'open', room_name: 'Another' });
    await cas.ask('room_message', { room_id: 'open', content: 'not for former members' });
    for (const former of [ann, bob]) {
      expect(former.all('room_message')).toEqual([]);
      expect(await former.ask('room_message', { room_id: 'open', content: 1 })).toMatchObject({ code: 'not_member' });
      expect(await former.ask('signal', { room_id: 'open', kind: 'typing' })).toMatchObject({ code: 'not_member' });
    }
    await cas.ask('set_state', { state: 'dnd' });
    expect(bob.all('presence')).toEqual([]);
    expect((await connect('bob')).all('registered')).toMatchObject([{ rooms: ['secret'], room_count: 1 }]);
  });

  test('holds back what the same client sent after it', async () => {
    const { ann } = await setUp();
    const [, after] = await Promise.all([
      ann.ask('delete_room', { room_id: 'open' }),
      ann.ask('signal', { room_id: 'open', kind: 'typing' }),
    ]);
    expect(after).toMatchObject({ code: 'not_member' });
  });
});

test('signal: its sender gets none, on none of its connections', async () => {
  const { ann, bob, connect } = await setUp();
  const phone = await connect('ann');
  const laptop = await connect('bob');
  expect(await ann.ask('signal', { room_id: 'open', kind: 'typing' })).toMatchObject({ status: 'success', recipients: 1 });
  expect(laptop.all('signal')).toMatchObject([{ sender_id: 'ann', room_id: 'open', kind: 'typing' }]);
  expect(await ann.ask('signal', { recipient_id: 'ann', kind: 'typing' })).toMatchObject({ status: 'success', recipients: 0 });
  expect([...ann.all('signal'), ...phone.all('signal')]).toEqual([]);
  expect(bob.all('signal')).toHaveLength(0);
});

test.for(['sender_id', 'user_id'])('nobody acts as somebody else: another %s', async (key) => {
  const { ann, bob, eve } = await setUp();
  const forged = { [key]: 'ann' };
  const attempts: readonly (readonly [string, object])[] = [
    ['message', { recipient_id: 'bob', content: 'I am Ann' }],
    ['room_message', { room_id: 'open', content: 'I am Ann' }],
    ['broadcast', { content: 'I am Ann' }],
    ['signal', { recipient_id: 'bob', kind: 'typing' }],
    ['set_state', { state: 'dnd' }],
    ['leave_room', { room_id: 'open' }],
    ['delete_room', { room_id: 'open' }],
  ];
  for (const [event, payload] of attempts) {
    expect(await eve.ask(event, { ...payload, ...forged })).toMatchObject({ status: 'error', code: 'sender_mismatch', event });
  }
  for (const event of ['message', 'room_message', 'broadcast', 'signal']) expect(bob.all(event)).toEqual([]);
  expect(await ann.ask('members', { room_id: 'open' })).toMatchObject({ member_count: 2 });
});

test('nobody registers as the application', async () => {
  await expect(startTestHub().connect('system')).rejects.toThrow('system');
});
