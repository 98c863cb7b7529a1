/** What users of several nodes notice of it. */
import { describe, expect, test } from 'vitest';
import { HubApi } from './api.ts';
import { startTestCluster, type TestClusterOptions } from './test-cluster.test-support.ts';

async function two(options: TestClusterOptions = {}) {
  const cluster = await startTestCluster(2, options);
  const [one, other] = cluster.hubs;
  if (one === undefined || other === undefined) throw new Error('two hubs are needed');
  const sources = { vitals: () => ({ residentBytes: 0, loopDelayMs: { median: 0, p99: 0, max: 0 } }), strangers: () => noStrangers };
  const [api, otherApi] = [one, other].map(({ core }) => new HubApi(core, sources));
  if (api === undefined || otherApi === undefined) throw new Error('two hubs are needed');
  return { ...cluster, one, other, api, otherApi };
}

const noStrangers = { open: 0, displaced: 0, refused: 0 };

describe('live events reach the connections of all nodes', () => {
  test('of all users, and count whoever can be seen', async () => {
    const { one, other, after } = await two();
    const [ann, bob, cas, dee] = [
      await one.connect('ann'),
      await other.connect('bob'),
      await other.connect('cas'),
      await other.connect('dee', { state: 'invisible' }),
    ];
    await after(50);
    expect(await ann.ask('broadcast', { content: 'hello', exclude: ['cas'] })).toMatchObject({ status: 'success', recipients: 2 });
    await after(20);
    expect([ann, bob, cas, dee].map((client) => client.all('broadcast').length)).toEqual([1, 1, 0, 1]);
  });

  test('of one user, and of the members of a room but the sender', async () => {
    const { one, other, after } = await two();
    const [ann, annThere, bob] = [await one.connect('ann'), await other.connect('ann'), await other.connect('bob')];
    await ann.ask('create_room', { room_id: 'r', room_name: 'R' });
    await bob.ask('join_room', { room_id: 'r' });
    await after(50);
    expect(await ann.ask('signal', { recipient_id: 'bob', kind: 'typing' })).toMatchObject({ recipients: 1 });
    expect(await ann.ask('signal', { room_id: 'r', kind: 'typing' })).toMatchObject({ recipients: 1 });
    await after(20);
    expect(bob.all('signal')).toMatchObject([{ sender_id: 'ann' }, { sender_id: 'ann', room_id: 'r' }]);
    expect(annThere.all('signal')).toEqual([]);
  });

  test('receipts reach a sender on another node', async () => {
    const { one, other, after } = await two();
    const [ann, bob] = [await one.connect('ann'), await other.connect('bob')];
    await after(50);
    await ann.ask('message', { recipient_id: 'bob', content: 'hello', receipt: true });
    await after(20);
    expect(bob.all('message')).toHaveLength(1);
    await bob.acknowledge();
    await after(1100);
    expect(ann.all('message_delivered')).toMatchObject([{ recipient_id: 'bob', seq: 1 }]);
  });
});

describe('presence', () => {
  test('is told by each node to its own watchers: online with the first connection anywhere, offline with the last', async () => {
    const { one, other, after } = await two();
    const ann = await one.connect('ann');
    await ann.ask('presence', { user_ids: ['bob'], watch: true });
    const bobHere = await one.connect('bob');
    const bobThere = await other.connect('bob');
    await after(50);
    expect(await ann.ask('presence', { user_ids: ['bob'] })).toMatchObject({ users: [{ state: 'online', connections: 2 }] });
    await bobHere.close();
    await after(50);
    expect(ann.all('presence').map(({ state }) => state)).toEqual(['online']);
    await bobThere.close();
    await after(50);
    expect(ann.all('presence').map(({ state }) => state)).toEqual(['online', 'offline']);
  });

  test('is away only where a user does nothing on any node', async () => {
    const { one, other, after } = await two({ settings: { idleTimeoutMs: 2000 } });
    const ann = await one.connect('ann');
    await ann.ask('presence', { user_ids: ['bob'], watch: true });
    await one.connect('bob');
    const bobThere = await other.connect('bob');
    const tick = async (ms: number) => {
      await after(ms);
      for (const { core } of [one, other]) core.tick();
      await after(50);
    };
    await tick(1500);
    await bobThere.ask('ping_hub', {});
    await tick(1000);
    expect(ann.all('presence').map(({ state }) => state)).toEqual(['online']);
    await tick(1500);
    expect(ann.all('presence').map(({ state }) => state)).toEqual(['online', 'away']);
    await bobThere.ask('ping_hub', {});
    await after(50);
    expect(ann.all('presence').map(({ state }) => state)).toEqual(['online', 'away', 'online']);
  });

  test('is what the user chose last, wherever', async () => {
    const { one, other, after, api } = await two();
    const ann = await one.connect('ann');
    await ann.ask('presence', { user_ids: ['bob'], watch: true });
    const [bobHere, bobThere] = [await one.connect('bob'), await other.connect('bob')];
    await after(50);
    await bobHere.ask('set_state', { state: 'dnd' });
    await bobThere.ask('set_state', { state: 'away', status_text: 'lunch' });
    await after(50);
    expect(ann.all('presence').at(-1)).toMatchObject({ state: 'away', status_text: 'lunch' });
    expect(await api.setState('bob', { state: 'invisible' })).toMatchObject({ state: 'invisible' });
    await after(50);
    expect(ann.all('presence').at(-1)).toMatchObject({ state: 'offline' });
    await bobHere.close();
    expect(await api.setState('bob', { state: 'online' })).toMatchObject({ state: 'online' });
    await after(50);
    expect(ann.all('presence').at(-1)).toMatchObject({ state: 'online' });
    expect(await (await other.connect('eve')).ask('presence', { user_ids: ['bob'] })).toMatchObject({ users: [{ state: 'online' }] });
  });

  test('of the users of a node that has ended is offline, last seen when it ended', async () => {
    const { one, other, after } = await two();
    const ann = await one.connect('ann');
    await ann.ask('presence', { user_ids: ['bob'], watch: true });
    await other.connect('bob');
    await after(50);
    one.handlers.nodeGone(other.cluster.node, 1_764_000_000_500);
    expect(ann.all('presence').at(-1)).toMatchObject({ user_id: 'bob', state: 'offline', last_seen: 1_764_000_000.5 });
  });
});

describe('the application', () => {
  test('sees and counts the users of all nodes, and ends the connections of one everywhere', async () => {
    const { one, other, after, api } = await two();
    await one.connect('ann');
    const annThere = await other.connect('ann');
    await other.connect('bob', { state: 'invisible' });
    await after(50);
    expect(api.onlineUsers()).toEqual(['ann', 'bob']);
    expect((await api.stats()).connections).toMatchObject({ total_connections: 3, connections_by_user: { ann: 2, bob: 1 } });
    expect((await api.stats({ visible_only: true })).connections.connections_by_user).toEqual({ ann: 2 });
    expect(api.disconnectUser('ann')).toBe(2);
    await after(50);
    expect(annThere.isGone).toBe(true);
    expect(api.onlineUsers()).toEqual(['bob']);
  });
});

describe('rooms', () => {
  test('a membership that was changed on another node is followed here: messages, notices, and their end', async () => {
    const { one, other, after, otherApi } = await two();
    const [ann, bob] = [await one.connect('ann'), await one.connect('bob')];
    await ann.ask('create_room', { room_id: 'r', room_name: 'R' });
    await otherApi.addMember('r', 'bob');
    await otherApi.sendToRoom('r', 'for both');
    await after(50);
    expect(ann.all('user_joined')).toEqual([{ room_id: 'r', user_id: 'bob' }]);
    expect(bob.all('room_message')).toMatchObject([{ content: 'for both' }]);
    await otherApi.removeMember('r', 'bob');
    await otherApi.sendToRoom('r', 'for Ann');
    await after(50);
    expect(ann.all('user_left')).toEqual([{ room_id: 'r', user_id: 'bob' }]);
    expect(ann.all('room_message')).toMatchObject([{ content: 'for both' }, { content: 'for Ann' }]);
    expect(bob.all('room_message')).toHaveLength(1);
    await other.connect('eve');
    await otherApi.deleteRoom('r');
    await after(50);
    expect(ann.all('room_deleted')).toEqual([{ room_id: 'r' }]);
    expect(bob.all('room_deleted')).toEqual([]);
  });

  test('whoever was removed gets nothing that was sent later, also if nobody was told of it (I17)', async () => {
    const { one, bus, after, otherApi } = await two();
    const [ann, bob] = [await one.connect('ann'), await one.connect('bob')];
    await ann.ask('create_room', { room_id: 'r', room_name: 'R' });
    await bob.ask('join_room', { room_id: 'r' });
    await after(50);
    bus.isDeaf = true;
    await otherApi.removeMember('r', 'bob');
    await after(10);
    bus.isDeaf = false;
    await otherApi.sendToRoom('r', 'for Ann');
    await after(40);
    expect(ann.all('room_message')).toEqual([]);
    await after(100);
    expect(ann.all('room_message')).toMatchObject([{ content: 'for Ann' }]);
    expect(bob.all('room_message')).toEqual([]);
  });

  test('a change that was lost is found within two seconds, and applied', async () => {
    const { one, bus, after, otherApi } = await two();
    const bob = await one.connect('bob');
    await otherApi.createRoom({ room_id: 'r', room_name: 'R', created_by: 'ann' });
    bus.isDeaf = true;
    await otherApi.addMember('r', 'bob');
    await otherApi.sendToRoom('r', 'hello');
    await after(10);
    bus.isDeaf = false;
    await after(2000);
    expect(bob.all('room_message')).toMatchObject([{ content: 'hello' }]);
    expect(await bob.ask('signal', { room_id: 'r', kind: 'x' })).toMatchObject({ status: 'success' });
  });
});

describe('the limit of connections of a user', () => {
  test('is one of all nodes together: connections that answer keep their places', async () => {
    const { one, other, clock, after } = await two({ connectionsPerUserMax: 2 });
    const open = [await one.connect('ann'), await other.connect('ann')];
    await after(50);
    const third = one.connect('ann').catch((error) => error.message);
    await after(20);
    for (const client of open) client.heard(clock.monotonic());
    await after(300);
    expect(await Promise.race([third, 'it still waits'])).toContain('limit of open connections');
    expect(open.map(({ isGone }) => isGone)).toEqual([false, false]);
    expect(one.core.pool.stats().refused).toBe(1);
  });

  test('is not reached by those on another node from which nothing comes', async () => {
    const { one, other, clock, after } = await two({ connectionsPerUserMax: 2 });
    const alive = await one.connect('ann');
    const dead = await other.connect('ann');
    await after(50);
    const third = one.connect('ann');
    for (let step = 0; step < 30; step++) {
      alive.heard(clock.monotonic());
      await after(100);
    }
    expect((await third).isGone).toBe(false);
    expect([alive.isGone, dead.isGone]).toEqual([false, true]);
  });
});

describe('a node that the others may believe to have ended', () => {
  test('takes no live events and no registrations, tells no presence, and keeps its connections', async () => {
    const { one, after } = await two();
    const [ann, bob] = [await one.connect('ann'), await one.connect('bob')];
    await ann.ask('presence', { user_ids: ['bob'], watch: true });
    one.belief.isSure = false;
    const overloaded = { status: 'error', code: 'overloaded', retry_after: 1 };
    expect(await ann.ask('signal', { recipient_id: 'bob', kind: 'x' })).toMatchObject(overloaded);
    expect(await ann.ask('broadcast', { content: 1 })).toMatchObject(overloaded);
    await expect(one.connect('eve')).rejects.toThrow('busy');
    await bob.close();
    await after(50);
    expect(ann.all('presence')).toEqual([]);
    expect(ann.isGone).toBe(false);
    one.belief.isSure = true;
    one.core.tick();
    expect(ann.all('presence')).toMatchObject([{ user_id: 'bob', state: 'offline' }]);
  });

  test('and that was ended, closes all connections, and knows nobody', async () => {
    const { one, other, after } = await two();
    const [ann] = [await one.connect('ann'), await other.connect('bob')];
    await after(50);
    one.core.beginAnew();
    expect(ann.isGone).toBe(true);
    expect(ann.all('going_away')).toMatchObject([{ reconnect: true }]);
    expect(one.core.pool.stats()).toMatchObject({ total: 0, users: 0 });
    expect([...one.core.fanout.presence.users()]).toEqual([]);
    expect((await one.connect('ann')).isGone).toBe(false);
  });
});
