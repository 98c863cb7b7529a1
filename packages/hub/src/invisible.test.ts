/** Invisible means invisible: whatever others ask or do, a user who is there and invisible looks as one who is away. */
import { expect, test } from 'vitest';
import { startTestHub, type TestClient } from './core.test-support.ts';

/** Bob was seen once and has left; who is `invisible` is back, and nobody is to know. */
async function setUp(isBack: boolean) {
  const hub = startTestHub();
  await (await hub.connect('bob')).close();
  hub.clock.advance(5000);
  const eve = await hub.connect('eve');
  for (const name of ['eve', 'ann']) await (await hub.connect(name)).ask('join_room', { room_id: 'room' });
  await hub.store.joinRoom({ roomId: 'room', userId: 'bob', nowMs: 0, create: false, invited: true }, () => {});
  await eve.ask('presence', { user_ids: ['bob'], room_id: 'room', watch: true });
  const bob = isBack ? await hub.connect('bob', { state: 'invisible' }) : undefined;
  return { ...hub, eve, bob };
}

/** All that Eve can find out about Bob. */
async function whatIsSeen(eve: TestClient, bob: TestClient | undefined): Promise<unknown> {
  const replies = [
    await eve.ask('presence', { user_ids: ['bob'] }),
    await eve.ask('presence', { room_id: 'room' }),
    await eve.ask('signal', { recipient_id: 'bob', kind: 'typing' }),
    await eve.ask('signal', { room_id: 'room', kind: 'typing' }),
    await eve.ask('broadcast', { content: 'anybody here?' }),
    await eve.ask('message', { recipient_id: 'bob', content: 'are you there?', receipt: true }),
  ];
  await bob?.acknowledge();
  replies.push(await eve.ask('history', { user_id: 'bob' }));
  await bob?.ask('set_state', { state: 'invisible', status_text: 'secretly here' });
  replies.push(await eve.ask('presence', { user_ids: ['bob'] }));
  await bob?.close();
  replies.push(await eve.ask('presence', { user_ids: ['bob'] }), await eve.ask('history', { user_id: 'bob' }));
  const events = ['presence', 'message_delivered', 'user_joined'].flatMap((name) => eve.all(name));
  const withoutTime = JSON.stringify([replies, events]).replace(/"timestamp":[\d.]+/g, '"timestamp":0');
  return JSON.parse(withoutTime);
}

test('nothing that others get tells whether an invisible user is there', async () => {
  const [away, hidden] = [await setUp(false), await setUp(true)];
  expect(hidden.bob?.all('registered')).toHaveLength(1);
  expect(await whatIsSeen(hidden.eve, hidden.bob)).toEqual(await whatIsSeen(away.eve, away.bob));
  expect(hidden.bob?.all('message')).toMatchObject([{ content: 'are you there?' }]);
  expect(hidden.bob?.all('broadcast')).toHaveLength(1);
});

test('a user who was never seen is still never seen when it was invisible at its first visit', async () => {
  const { connect } = startTestHub();
  const eve = await connect('eve');
  const bob = await connect('bob', { state: 'invisible' });
  expect(await eve.ask('presence', { user_ids: ['bob'] })).toMatchObject({ users: [{ state: 'offline', last_seen: null }] });
  await bob.close();
  expect(await eve.ask('presence', { user_ids: ['bob'] })).toMatchObject({ users: [{ state: 'offline', last_seen: null }] });
});

test('whoever goes out of sight looks as one who leaves, and what arrived before is shown', async () => {
  const { connect, clock } = startTestHub();
  const [eve, bob] = [await connect('eve'), await connect('bob')];
  await eve.ask('presence', { user_ids: ['bob'], watch: true });
  await eve.ask('message', { recipient_id: 'bob', content: 'seen', receipt: true });
  await bob.acknowledge();
  clock.advance(1000);
  await bob.ask('set_state', { state: 'invisible' });
  expect(eve.all('presence')).toEqual([{ user_id: 'bob', state: 'offline', last_seen: clock.now() / 1000 }]);
  await eve.ask('message', { recipient_id: 'bob', content: 'not seen', receipt: true });
  clock.advance(1000);
  await bob.acknowledge();
  expect(await eve.ask('history', { user_id: 'bob' })).toMatchObject({
    messages: [
      { content: 'seen', delivered: true, delivered_at: expect.any(Number) },
      { content: 'not seen', delivered: false },
    ],
  });
  expect(eve.all('message_delivered')).toHaveLength(1);

  await bob.ask('set_state', { state: 'online' });
  expect(await eve.ask('history', { user_id: 'bob' })).toMatchObject({ messages: [{ delivered: true }, { delivered: true }] });
});

test('its own history shows an invisible user what it has received', async () => {
  const { connect } = startTestHub();
  const [eve, bob] = [await connect('eve'), await connect('bob', { state: 'invisible' })];
  await eve.ask('message', { recipient_id: 'bob', content: 1 });
  await bob.acknowledge();
  expect(await bob.ask('history', { user_id: 'eve' })).toMatchObject({ messages: [{ delivered: true }] });
});

test('an acknowledgement that is written after its user has left is told, if the user was to be seen', async () => {
  const { connect } = startTestHub();
  const [eve, bob] = [await connect('eve'), await connect('bob')];
  await eve.ask('message', { recipient_id: 'bob', content: 'quick', receipt: true });
  await bob.acknowledgeAndLeave();
  expect(eve.all('message_delivered')).toMatchObject([{ recipient_id: 'bob' }]);
});

test('an acknowledgement that is written after an invisible user has left is not told', async () => {
  const { connect } = startTestHub();
  const [eve, bob] = [await connect('eve'), await connect('bob', { state: 'invisible' })];
  await eve.ask('message', { recipient_id: 'bob', content: 'quick', receipt: true });
  await bob.acknowledgeAndLeave();
  expect(eve.all('message_delivered')).toEqual([]);
  expect(await eve.ask('history', { user_id: 'bob' })).toMatchObject({ messages: [{ delivered: false }] });
});
