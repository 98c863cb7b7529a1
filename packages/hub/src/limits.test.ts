/** What one user or one event may ask for, each exceeded by one; and that no reply is larger than what a connection may buffer. */
import { limits } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import { startTestHub } from './core.test-support.ts';

/** The longest id there is: 128 characters of four bytes. */
const longId = (n: number) => `${'𝄞'.repeat(124)}${String(n).padStart(4, '0')}`;
const bytesOf = (reply: unknown) => Buffer.byteLength(JSON.stringify(reply));
const outboxBytes = 1024 * 1024;

describe('one more than allowed', () => {
  test('rooms of a user: too_many_rooms, and it is in none more', async () => {
    const { connect } = startTestHub({ store: { roomsPerUserMax: 2 } });
    const ann = await connect('ann');
    await ann.ask('join_room', { room_id: 'one' });
    await ann.ask('create_room', { room_id: 'two', room_name: 'Two' });
    expect(await ann.ask('join_room', { room_id: 'three' })).toMatchObject({ status: 'error', code: 'too_many_rooms' });
    expect(await ann.ask('create_room', { room_id: 'three', room_name: 'Three' })).toMatchObject({ code: 'too_many_rooms' });
    expect((await connect('ann')).all('registered')).toMatchObject([{ rooms: ['one', 'two'] }]);
    await ann.ask('leave_room', { room_id: 'one' });
    expect(await ann.ask('join_room', { room_id: 'three' })).toMatchObject({ status: 'success' });
  });

  test('watches of a connection: too_many_watches, and nothing of the event is watched', async () => {
    const { connect } = startTestHub({ settings: { watchesPerConnectionMax: 2 } });
    const ann = await connect('ann');
    expect(await ann.ask('presence', { user_ids: ['u1', 'u2'], watch: true })).toMatchObject({ status: 'success' });
    expect(await ann.ask('presence', { user_ids: ['u2', 'u3'], watch: true })).toMatchObject({ status: 'error', code: 'too_many_watches' });
    for (const name of ['u1', 'u3']) await connect(name);
    expect(ann.all('presence')).toMatchObject([{ user_id: 'u1' }]);
    expect(await ann.ask('presence', { user_ids: ['u3', 'u4'] })).toMatchObject({ status: 'success' });
    await ann.ask('presence', { user_ids: ['u1'], watch: false });
    expect(await ann.ask('presence', { user_ids: ['u3'], watch: true })).toMatchObject({ status: 'success' });
  });

  test('bytes of a message times its recipients: content_too_large, and nobody gets it', async () => {
    const { connect } = startTestHub({ settings: { messageBytesMax: 30 } });
    const [ann, bob] = [await connect('ann'), await connect('bob')];
    const content = 'x'.repeat(8);
    expect(await ann.ask('message', { recipient_ids: ['bob', 'cas', 'dee'], content })).toMatchObject({ status: 'success' });
    expect(await ann.ask('message', { recipient_ids: ['bob', 'cas', 'dee'], content: `${content}x` })).toMatchObject({
      status: 'error',
      code: 'content_too_large',
    });
    expect(bob.all('message')).toHaveLength(1);
    const sameUser = ['bob', 'bob', 'bob', 'bob'];
    expect(await ann.ask('message', { recipient_ids: sameUser, content: `${content}x` })).toMatchObject({ status: 'success' });
  });

  test.for(['members', 'presence'])('%s: a page of 501 members is refused', async (event) => {
    const ann = await startTestHub().connect('ann');
    await ann.ask('join_room', { room_id: 'room' });
    expect(await ann.ask(event, { room_id: 'room', limit: 500 })).toMatchObject({ status: 'success', has_more: false });
    expect(await ann.ask(event, { room_id: 'room', limit: 501 })).toMatchObject({ code: 'invalid_payload' });
  });
});

describe('a room of 1,201 members with the longest ids', () => {
  async function setUp() {
    const hub = startTestHub();
    const ann = await hub.connect('ann');
    await ann.ask('create_room', { room_id: 'room', room_name: 'Room', max_members: 2000 });
    for (let n = 1; n <= 1200; n++) {
      await hub.store.joinRoom({ roomId: 'room', userId: longId(n), nowMs: 0, create: false, invited: false }, () => {});
    }
    return { ...hub, ann };
  }

  test('joined_room names the first 100 and counts all', async () => {
    const { connect } = await setUp();
    const joined = await (await connect('zoe')).ask('join_room', { room_id: 'room' });
    expect(joined).toMatchObject({ status: 'success', member_count: 1202 });
    expect(joined.members).toEqual(['ann', ...Array.from({ length: 99 }, (_, index) => longId(index + 1))]);
  });

  test.for([
    ['members', 'members'],
    ['presence', 'users'],
  ])('%s: pages go through all of them once, in the order of joining', async ([event = '', list = '']) => {
    const { ann } = await setUp();
    const seen: string[] = [];
    for (let more: unknown = true; more === true; ) {
      const page = await ann.ask(event, { room_id: 'room', limit: 500, ...(seen.length === 0 ? {} : { after: seen.at(-1) }) });
      expect(page.status).toBe('success');
      expect(bytesOf(page)).toBeLessThan(outboxBytes);
      for (const { user_id } of Array.isArray(page[list]) ? page[list] : []) seen.push(user_id);
      more = page.has_more;
    }
    expect(seen).toEqual(['ann', ...Array.from({ length: 1200 }, (_, index) => longId(index + 1))]);
  });

  test('presence: named users come before the members, and pages go on from either', async () => {
    const { ann } = await setUp();
    const ids = async (payload: object) => {
      const { users, has_more } = await ann.ask('presence', { user_ids: ['x', longId(1)], room_id: 'room', limit: 2, ...payload });
      return [...(Array.isArray(users) ? users : []).map(({ user_id }) => user_id), has_more];
    };
    expect(await ids({})).toEqual(['x', longId(1), 'ann', true]);
    expect(await ids({ after: 'x' })).toEqual([longId(1), 'ann', true]);
    expect(await ids({ after: 'ann' })).toEqual([longId(1), longId(2), true]);
    expect(await ids({ after: longId(1199) })).toEqual([longId(1200), false]);
    expect(await ann.ask('presence', { room_id: 'room', after: 'nobody' })).toMatchObject({ code: 'invalid_payload' });
    expect(await ann.ask('presence', { user_ids: ['x'], after: 'nobody' })).toMatchObject({ code: 'invalid_payload' });
  });
});

describe('no reply is larger than what a connection may buffer', () => {
  test('presence of 1,000 users with the longest ids is cut, and goes on', async () => {
    const ann = await startTestHub().connect('ann');
    const user_ids = Array.from({ length: limits.usersPerEventMax }, (_, index) => longId(index));
    const first = await ann.ask('presence', { user_ids });
    expect([first.has_more, bytesOf(first) <= limits.listBytesMax + 100]).toEqual([true, true]);
    const shown = Array.isArray(first.users) ? first.users : [];
    const rest = await ann.ask('presence', { user_ids, after: shown.at(-1).user_id });
    expect(rest).toMatchObject({ has_more: false });
    expect([...shown, ...(Array.isArray(rest.users) ? rest.users : [])].map(({ user_id }) => user_id)).toEqual(user_ids);
  });

  test.for([{}, { after_id: '0' }])('history of 500 small messages with the longest ids is cut: %j', async (bound) => {
    const { connect, store } = startTestHub();
    const [ann, bob] = [longId(1), longId(2)];
    for (let n = 1; n <= 500; n++) {
      await store.append({
        ...{ kind: 'direct', senderId: ann, recipientId: bob, type: 'text', content: String(n), clientMsgId: longId(n) },
        ...{ createdAtMs: 0, storedAtMs: 0, receipt: false, trusted: true },
      });
    }
    const page = await (await connect(ann)).ask('history', { user_id: bob, limit: 500, ...bound });
    expect([page.has_more, bytesOf(page) <= limits.listBytesMax + 100]).toEqual([true, true]);
    const contents = (Array.isArray(page.messages) ? page.messages : []).map(({ content }) => content);
    expect(contents.length).toBeGreaterThan(200);
    const [first, last] = 'after_id' in bound ? [1, contents.length] : [501 - contents.length, 500];
    expect([contents[0], contents.at(-1)]).toEqual([first, last]);
  });

  test('registered names 1,000 rooms and counts all', async () => {
    const { connect, store } = startTestHub({ store: { roomsPerUserMax: 1001 } });
    for (let n = 1; n <= 1001; n++) {
      await store.joinRoom({ roomId: longId(n), userId: 'ann', nowMs: 0, create: { maxMembers: 9 }, invited: false }, () => {});
    }
    const [registered] = (await connect('ann')).all('registered');
    expect(registered).toMatchObject({ room_count: 1001 });
    expect(registered?.rooms).toHaveLength(1000);
    expect(bytesOf(registered)).toBeLessThan(outboxBytes);
  });
});
