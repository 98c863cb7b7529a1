/** The ten areas that the project's origin tests, against a real hub process and the stock JavaScript client. */
import { describe, expect } from 'vitest';
import type { Client, Payload } from '../support/client.ts';
import { test } from '../support/fixtures.ts';
import type { HubProcess } from '../support/hub-process.ts';

async function getJson(hub: HubProcess, path: string): Promise<Payload> {
  const body: unknown = await (await fetch(hub.url + path)).json();
  expect(body).toBeTypeOf('object');
  return { ...Object(body) };
}

const contents = (messages: readonly Payload[]) => messages.map((message) => message.content);
const seqs = (messages: readonly Payload[]) => messages.map((message) => message.seq);

describe('connection management', () => {
  test('a client is welcomed, registers, and counts as online until it goes', async ({ startHub, connect }) => {
    const hub = await startHub();
    const client = await connect(hub.url);
    expect(await client.waitFor('connected')).toMatchObject([{ server: 'parley', version: expect.any(String), auth: 'open' }]);

    expect(await client.send('register', { user_id: 7 })).toMatchObject({ status: 'success', user_id: 7, rooms: [], queued: 0 });
    expect(await getJson(hub, '/api/stats')).toMatchObject({
      status: 'success',
      connections: { total_connections: 1, online_users: 1, connections_by_user: { '7': 1 } },
      online_users: [7],
    });

    client.close();
    await expect.poll(() => getJson(hub, '/api/stats')).toMatchObject({ connections: { total_connections: 0 }, online_users: [] });
  });

  test.for([[['websocket']], [['polling']], [['polling', 'websocket']]])(
    'messages go both ways over %j',
    async ([transports = []], { hub, connectAs }) => {
      const name = `way-${transports.join('-')}`;
      const client = await connectAs(hub.url, name, { transports });
      await client.send('message', { recipient_id: name, content: 'to myself' });
      expect(await client.waitFor('message')).toMatchObject([{ sender_id: name, content: 'to myself' }]);
      await expect.poll(() => client.socket.io.engine.transport.name).toBe(transports.at(-1));
    },
  );

  test('a reply goes to the callback if there is one, otherwise out as an event', async ({ hub, connect }) => {
    const client = await connect(hub.url);
    client.socket.emit('register', { user_id: 'events-only' });
    expect(await client.waitFor('registered')).toMatchObject([{ status: 'success', user_id: 'events-only' }]);
    client.socket.emit('join_room', {});
    expect(await client.waitFor('error')).toMatchObject([{ status: 'error', code: 'invalid_payload', event: 'join_room' }]);
    await client.send('ping_hub', {});
    expect(client.all('pong_hub')).toEqual([]);
  });

  test('a numeric id is the same user as a number and as text', async ({ hub, connectAs }) => {
    const one = await connectAs(hub.url, 4711);
    const other = await connectAs(hub.url, '4711');
    expect([one.registered.user_id, other.registered.user_id]).toEqual([4711, 4711]);
  });
});

describe('connection pool', () => {
  test('refuses the sixth connection of a user, which stays open and may try again', async ({ startHub, connect, connectAs }) => {
    const hub = await startHub();
    const five: Client[] = [];
    for (let count = 0; count < 5; count++) five.push(await connectAs(hub.url, 'ann'));
    const sixth = await connect(hub.url);
    expect(await sixth.send('register', { user_id: 'ann' })).toMatchObject({
      status: 'error',
      code: 'connection_limit',
      event: 'register',
    });
    expect(await getJson(hub, '/api/stats')).toMatchObject({
      connections: { total_connections: 6 },
      pool: {
        total_connections: 5,
        users_with_connections: 1,
        max_per_user: 5,
        max_of_one_user: 5,
        avg_connections_per_user: 5,
        refused: 1,
      },
    });

    five[0]?.close();
    await expect.poll(() => sixth.send('register', { user_id: 'ann' })).toMatchObject({ status: 'success' });
  });

  test('every connection of a user gets its messages', async ({ hub, connectAs }) => {
    const phone = await connectAs(hub.url, 'pool-bob');
    const laptop = await connectAs(hub.url, 'pool-bob');
    const ann = await connectAs(hub.url, 'pool-ann');
    await ann.send('message', { recipient_id: 'pool-bob', content: 'both of you' });
    for (const device of [phone, laptop]) expect(await device.waitFor('message')).toMatchObject([{ content: 'both of you', seq: 1 }]);
  });
});

describe('room creation', () => {
  test('the creator owns the room and is its member', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 1001);
    const room = { room_id: 'made', room_name: 'Made by hand', is_private: false, max_members: 3 };
    expect(await ann.send('create_room', room)).toMatchObject({ status: 'success', ...room, created_by: 1001, member_count: 1 });
    expect(await getJson(hub, '/api/rooms/made')).toMatchObject({ ...room, created_by: 1001, members: [1001] });
    expect(await ann.send('create_room', room)).toMatchObject({ status: 'error', code: 'room_exists' });
  });

  test('a room without an id gets one', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'room-ann');
    const { room_id } = await ann.send('create_room', { room_name: 'No id' });
    expect(await getJson(hub, '/api/rooms')).toMatchObject({ rooms: expect.arrayContaining([expect.objectContaining({ room_id })]) });
  });

  test('a full room and a private room take nobody in', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'door-ann');
    const bob = await connectAs(hub.url, 'door-bob');
    await ann.send('create_room', { room_id: 'tiny', room_name: 'Tiny', max_members: 1 });
    await ann.send('create_room', { room_id: 'secret', room_name: 'Secret', is_private: true });
    expect(await bob.send('join_room', { room_id: 'tiny' })).toMatchObject({ code: 'room_full' });
    expect(await bob.send('join_room', { room_id: 'secret' })).toMatchObject({ code: 'room_private' });
  });

  test('a room that is not there: 404 over HTTP', async ({ hub }) => {
    const response = await fetch(`${hub.url}/api/rooms/nowhere`);
    expect([response.status, await response.json()]).toEqual([404, expect.objectContaining({ error: 'Room not found' })]);
  });
});

describe('room messaging', () => {
  test('members are told who comes and goes, and get every message, the sender too', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'talk-ann');
    const bob = await connectAs(hub.url, 'talk-bob');
    await ann.send('join_room', { room_id: 'talk' });
    expect(await bob.send('join_room', { room_id: 'talk' })).toMatchObject({ status: 'success', members: ['talk-ann', 'talk-bob'] });
    expect(await ann.waitFor('user_joined')).toEqual([{ room_id: 'talk', user_id: 'talk-bob' }]);
    await bob.send('join_room', { room_id: 'talk' });

    expect(await ann.send('room_message', { room_id: 'talk', content: { n: 1 } })).toMatchObject({ status: 'success', seq: 1 });
    await ann.send('room_message', { room_id: 'talk', content: 'without echo', echo: false });
    expect(await bob.waitFor('room_message', 2)).toMatchObject([
      { room_id: 'talk', sender_id: 'talk-ann', content: { n: 1 }, seq: 1, type: 'text' },
      { content: 'without echo', seq: 2 },
    ]);
    await ann.settled();
    expect(contents(ann.all('room_message'))).toEqual([{ n: 1 }]);

    await bob.send('leave_room', { room_id: 'talk' });
    expect(await ann.waitFor('user_left')).toEqual([{ room_id: 'talk', user_id: 'talk-bob' }]);
    expect(ann.all('user_joined')).toHaveLength(1);
    await ann.send('room_message', { room_id: 'talk', content: 'only us' });
    await bob.settled();
    expect(bob.all('room_message')).toHaveLength(2);
  });

  test('only members may send', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'member-ann');
    const eve = await connectAs(hub.url, 'member-eve');
    await ann.send('join_room', { room_id: 'members' });
    expect(await eve.send('room_message', { room_id: 'members', content: 'psst' })).toMatchObject({ code: 'not_member' });
    await ann.settled();
    expect(ann.all('room_message')).toEqual([]);
  });
});

describe('connection state', () => {
  test('watchers see a user come, change, and go', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'state-ann');
    const watch = { user_ids: ['state-bob'], watch: true };
    expect(await ann.send('presence', watch)).toMatchObject({ users: [{ user_id: 'state-bob', state: 'offline', connections: 0 }] });
    const bob = await connectAs(hub.url, 'state-bob');
    await bob.send('set_state', { state: 'away', status_text: 'lunch' });
    bob.close();
    expect(await ann.waitFor('presence', 3)).toMatchObject([
      { user_id: 'state-bob', state: 'online' },
      { user_id: 'state-bob', state: 'away', status_text: 'lunch' },
      { user_id: 'state-bob', state: 'offline', last_seen: expect.any(Number) },
    ]);
  });

  test('a user with two connections is online until the last one goes', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'two-ann');
    await ann.send('presence', { user_ids: ['two-bob'], watch: true });
    const phone = await connectAs(hub.url, 'two-bob');
    const laptop = await connectAs(hub.url, 'two-bob');
    phone.close();
    const connections = async () => (await ann.send('presence', { user_ids: ['two-bob'] })).users;
    await expect.poll(connections).toMatchObject([{ state: 'online', connections: 1 }]);
    laptop.close();
    await expect.poll(connections).toMatchObject([{ state: 'offline', connections: 0 }]);
    expect(ann.all('presence').map((change) => change.state)).toEqual(['online', 'offline']);
  });

  test('when a user was last seen outlives the hub', async ({ startHub, connectAs }) => {
    const before = await startHub();
    (await connectAs(before.url, 'bob')).close();
    await expect.poll(() => getJson(before, '/api/stats')).toMatchObject({ online_users: [] });
    await before.stop();
    const ann = await connectAs((await startHub()).url, 'ann');
    expect(await ann.send('presence', { user_ids: ['bob'] })).toMatchObject({
      users: [{ state: 'offline', last_seen: expect.any(Number) }],
    });
  });
});

describe('offline message queue', () => {
  test('direct and room messages wait for a user who is away, and come in order', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'queue-ann');
    const bob = await connectAs(hub.url, 'queue-bob');
    await ann.send('join_room', { room_id: 'queue' });
    await bob.send('join_room', { room_id: 'queue' });
    bob.close();
    for (let n = 1; n <= 20; n++) {
      await ann.send('message', { recipient_id: 'queue-bob', content: `direct ${n}` });
      await ann.send('room_message', { room_id: 'queue', content: `room ${n}` });
    }

    const again = await connectAs(hub.url, 'queue-bob');
    expect(again.registered).toMatchObject({ queued: 40, rooms: ['queue'] });
    expect(contents(await again.waitFor('message', 20))).toEqual(Array.from({ length: 20 }, (_, index) => `direct ${index + 1}`));
    expect(contents(await again.waitFor('room_message', 20))).toEqual(Array.from({ length: 20 }, (_, index) => `room ${index + 1}`));
  });

  test('what was received does not come again', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'once-ann');
    await ann.send('message', { recipient_id: 'once-bob', content: 'once', receipt: true });
    const bob = await connectAs(hub.url, 'once-bob');
    await bob.waitFor('message');
    await ann.waitFor('message_delivered');
    bob.close();
    expect((await connectAs(hub.url, 'once-bob')).registered).toMatchObject({ queued: 0 });
  });

  test('waiting messages outlive a kill -9', async ({ startHub, connectAs }) => {
    const before = await startHub();
    const ann = await connectAs(before.url, 'ann');
    for (let n = 1; n <= 5; n++) await ann.send('message', { recipient_id: 'bob', content: n });
    await before.kill();
    const bob = await connectAs((await startHub()).url, 'bob');
    expect(bob.registered).toMatchObject({ queued: 5 });
    expect(contents(await bob.waitFor('message', 5))).toEqual([1, 2, 3, 4, 5]);
  });

  test('a full queue refuses, and keeps what it has', async ({ startHub, connectAs }) => {
    const hub = await startHub({ args: ['--queue.max-messages', '2'] });
    const ann = await connectAs(hub.url, 'ann');
    for (const content of ['one', 'two'])
      expect(await ann.send('message', { recipient_id: 'bob', content })).toMatchObject({ status: 'success' });
    expect(await ann.send('message', { recipient_id: 'bob', content: 'three' })).toMatchObject({ status: 'error', code: 'queue_full' });
    const bob = await connectAs(hub.url, 'bob');
    expect(contents(await bob.waitFor('message', 2))).toEqual(['one', 'two']);
  });
});

describe('message delivery', () => {
  test('a message arrives with all that the contract says', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 2001);
    const bob = await connectAs(hub.url, 2002);
    const content = { text: 'Grüße 👋 \u2028', nested: [null, 1.5, { deep: true }] };
    const sent = await ann.send('message', { sender_id: 2001, recipient_id: 2002, content, type: 'card', client_msg_id: 'm-1' });
    expect(sent).toEqual({ status: 'success', message_id: expect.any(String), seq: 1, timestamp: expect.any(Number) });
    expect(await bob.waitFor('message')).toEqual([
      {
        id: sent.message_id,
        seq: 1,
        sender_id: 2001,
        recipient_id: 2002,
        content,
        type: 'card',
        timestamp: sent.timestamp,
        client_msg_id: 'm-1',
      },
    ]);
  });

  test('a thousand messages sent at once arrive once each, in order', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'many-ann');
    const bob = await connectAs(hub.url, 'many-bob');
    const numbers = Array.from({ length: 1000 }, (_, index) => index + 1);
    await Promise.all(numbers.map((n) => ann.send('message', { recipient_id: 'many-bob', content: n })));
    const arrived = await bob.waitFor('message', 1000);
    expect(contents(arrived)).toEqual(numbers);
    expect(seqs(arrived)).toEqual(numbers);
  });

  test('a repeated client_msg_id is one message', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'again-ann');
    const bob = await connectAs(hub.url, 'again-bob');
    const message = { recipient_id: 'again-bob', content: 'pay 10', client_msg_id: 'payment-1' };
    const first = await ann.send('message', message);
    expect(await ann.send('message', message)).toEqual({ ...first, duplicate: true });
    await bob.settled();
    expect(bob.all('message')).toHaveLength(1);
  });

  test('a sender that asked for it is told of the delivery, now or when the reader comes', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'receipt-ann');
    const sent = await ann.send('message', { recipient_id: 'receipt-bob', content: '?', receipt: true });
    await ann.settled();
    expect(ann.all('message_delivered')).toEqual([]);
    await connectAs(hub.url, 'receipt-bob');
    expect(await ann.waitFor('message_delivered')).toEqual([
      { message_id: sent.message_id, seq: 1, recipient_id: 'receipt-bob', delivered_at: expect.any(Number) },
    ]);
  });

  test('one message to several people, one result for each', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'several-ann');
    const readers = [await connectAs(hub.url, 3001), await connectAs(hub.url, 3002)];
    expect(await ann.send('message', { recipient_ids: [3001, 3002], content: 'all' })).toMatchObject({
      results: [
        { recipient_id: 3001, status: 'success', seq: 1 },
        { recipient_id: 3002, status: 'success', seq: 1 },
      ],
    });
    for (const reader of readers) expect(contents(await reader.waitFor('message'))).toEqual(['all']);
  });

  test('a broadcast goes to everybody who is online, but not to those it leaves out', async ({ startHub, connectAs }) => {
    const hub = await startHub();
    const [ann, bob, eve] = [await connectAs(hub.url, 'ann'), await connectAs(hub.url, 'bob'), await connectAs(hub.url, 'eve')];
    expect(await ann.send('broadcast', { content: 'hear', exclude: ['eve'] })).toMatchObject({ status: 'success', recipients: 2 });
    for (const client of [ann, bob]) expect(await client.waitFor('broadcast')).toMatchObject([{ sender_id: 'ann', content: 'hear' }]);
    await eve.settled();
    expect(eve.all('broadcast')).toEqual([]);
  });
});

describe('message store', () => {
  test('pages through a conversation, from both sides and for nobody else', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'store-ann');
    const bob = await connectAs(hub.url, 'store-bob');
    for (let n = 1; n <= 3; n++) {
      await ann.send('message', { recipient_id: 'store-bob', content: `a${n}` });
      await bob.send('message', { recipient_id: 'store-ann', content: `b${n}` });
    }
    const page = async (client: Client, query: object) => {
      const reply = await client.sendRaw('history', query);
      return { contents: contents(messagesOf(reply)), more: reply.has_more, first: messagesOf(reply)[0]?.id };
    };
    const newest = await page(ann, { user_id: 'store-bob', limit: 4 });
    expect(newest).toMatchObject({ contents: ['a2', 'b2', 'a3', 'b3'], more: true });
    const older = await page(bob, { user_id: 'store-ann', limit: 4, before_id: newest.first });
    expect(older).toMatchObject({ contents: ['a1', 'b1'], more: false });
    const eve = await connectAs(hub.url, 'store-eve');
    expect((await page(eve, { user_id: 'store-bob' })).contents).toEqual([]);
  });

  test('a room has its history for its members, also after a restart', async ({ startHub, connectAs }) => {
    const before = await startHub();
    const ann = await connectAs(before.url, 'ann');
    await ann.send('join_room', { room_id: 'lobby' });
    await ann.send('room_message', { room_id: 'lobby', content: 'kept' });
    expect(await before.stop()).toBe(0);

    const hub = await startHub();
    const again = await connectAs(hub.url, 'ann');
    expect(await again.send('history', { room_id: 'lobby' })).toMatchObject({ messages: [{ content: 'kept', seq: 1 }], has_more: false });
    const eve = await connectAs(hub.url, 'eve');
    expect(await eve.send('history', { room_id: 'lobby' })).toMatchObject({ code: 'not_member' });
    expect(await getJson(hub, '/api/stats')).toMatchObject({ messages: 1, rooms: 1 });
  });
});

describe('message handler', () => {
  test('before register everything but register is refused', async ({ hub, connect }) => {
    const client = await connect(hub.url);
    for (const event of ['message', 'join_room', 'broadcast']) {
      expect(await client.sendRaw(event, { recipient_id: 1, room_id: 'r', content: 'x' })).toMatchObject({ code: 'not_registered', event });
    }
  });

  test('nobody sends in the name of another', async ({ hub, connectAs }) => {
    const eve = await connectAs(hub.url, 'handler-eve');
    const bob = await connectAs(hub.url, 'handler-bob');
    const forged = { sender_id: 'handler-ann', recipient_id: 'handler-bob', content: 'I am Ann' };
    expect(await eve.send('message', forged)).toMatchObject({ code: 'sender_mismatch', event: 'message' });
    await bob.settled();
    expect(bob.all('message')).toEqual([]);
  });

  test.for([
    ['no_such_event', {}, 'unknown_event'],
    ['__proto__', {}, 'unknown_event'],
    ['message', undefined, 'invalid_payload'],
    ['message', 'text', 'invalid_payload'],
    ['message', { recipient_id: 'x' }, 'invalid_payload'],
    ['message', { recipient_id: 'x', content: 'y'.repeat(70_000) }, 'content_too_large'],
    ['room_message', { room_id: 'not-there', content: 1 }, 'room_not_found'],
    ['leave_room', { room_id: 'not-there' }, 'room_not_found'],
    ['ack', { seq: 1 }, 'ack_not_enabled'],
  ])('%s with %j is %s, and the connection stays', async ([event, payload, code], { hub, connectAs }) => {
    const client = await connectAs(hub.url, 'handler-ann');
    expect(await client.sendRaw(String(event), payload)).toMatchObject({ status: 'error', code });
    expect(await client.send('ping_hub', {})).toMatchObject({ status: 'success' });
  });
});

describe('room persistence', { timeout: 60_000 }, () => {
  test('rooms, members and their rights outlive a restart and a kill -9', async ({ startHub, connectAs }) => {
    const first = await startHub();
    const ann = await connectAs(first.url, 1);
    await ann.send('create_room', { room_id: 'team', room_name: 'Team', is_private: true, max_members: 9 });
    await ann.send('join_room', { room_id: 'lobby' });
    const bob = await connectAs(first.url, 2);
    await bob.send('join_room', { room_id: 'lobby' });
    const rooms = await getJson(first, '/api/rooms');
    // The private one is not shown to whoever asks.
    expect(rooms).toMatchObject({ count: 1 });
    expect(await first.stop()).toBe(0);

    const second = await startHub();
    expect(await getJson(second, '/api/rooms')).toEqual(rooms);
    await (await connectAs(second.url, 2)).send('leave_room', { room_id: 'lobby' });
    await second.kill();

    const third = await startHub();
    expect(await getJson(third, '/api/rooms/lobby')).toMatchObject({ members: [1], member_count: 1 });
    const again = await connectAs(third.url, 1);
    expect(again.registered.rooms).toEqual(expect.arrayContaining(['team', 'lobby']));
    expect(await again.send('room_message', { room_id: 'team', content: 'still mine' })).toMatchObject({ status: 'success', seq: 1 });
    expect(contents(await again.waitFor('room_message'))).toEqual(['still mine']);
  });
});

function messagesOf(reply: Payload): Payload[] {
  return Array.isArray(reply.messages) ? reply.messages : [];
}
