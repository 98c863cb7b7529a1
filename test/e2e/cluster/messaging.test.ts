/** Two nodes look like one hub, whichever of them a client is on, over each bus. */
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import { type BusName, clusterMissing, pair, startCluster, type TestCluster } from '../../support/cluster.ts';
import { test } from '../../support/fixtures.ts';

describe.for<[BusName]>([['notify'], ['redis'], ['nats']])('two nodes with %s as the bus', ([bus]) => {
  const missing = clusterMissing(bus);
  let cluster: TestCluster | undefined;
  /** URLs of the two nodes. */
  const at = { a: '', b: '' };

  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(`not installed: ${missing}`);
  });
  beforeAll(async () => {
    if (missing !== undefined) return;
    cluster = await startCluster({ bus });
    const [a, b] = pair(cluster);
    Object.assign(at, { a: a.url, b: b.url });
  });
  afterAll(() => cluster?.end());

  test('direct messages reach who is on the other node, and who comes there later', async ({ connectAs }) => {
    const [ann, bob] = [await connectAs(at.a, 'd-ann'), await connectAs(at.b, 'd-bob')];
    const content = { n: 1, text: 'ünïcödé 🐍' };
    const sent = await ann.send('message', { recipient_id: 'd-bob', content, receipt: true });
    expect(sent).toMatchObject({ status: 'success', seq: 1 });
    expect(await bob.waitFor('message')).toMatchObject([{ id: sent.message_id, seq: 1, sender_id: 'd-ann', content }]);
    expect(await ann.waitFor('message_delivered')).toMatchObject([{ message_id: sent.message_id, seq: 1, recipient_id: 'd-bob' }]);
    expect(await bob.send('message', { recipient_id: 'd-ann', content: 'back' })).toMatchObject({ status: 'success', seq: 1 });
    expect(await ann.waitFor('message')).toMatchObject([{ sender_id: 'd-bob', content: 'back' }]);

    for (const number of [1, 2, 3]) await ann.send('message', { recipient_id: 'd-cas', content: number });
    const cas = await connectAs(at.b, 'd-cas');
    expect(cas.registered).toMatchObject({ queued: 3 });
    expect((await cas.waitFor('message', 3)).map((message) => [message.seq, message.content])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  test('a large message comes whole', async ({ connectAs }) => {
    const [ann, bob] = [await connectAs(at.a, 'l-ann'), await connectAs(at.b, 'l-bob')];
    const content = 'x'.repeat(60_000);
    await ann.send('message', { recipient_id: 'l-bob', content });
    expect((await bob.waitFor('message', 1, 10_000))[0]?.content).toBe(content);
  });

  test('writers on both nodes fill one room in one order, without a gap, for all', async ({ connectAs }) => {
    const writers = await Promise.all(Array.from({ length: 6 }, (_, index) => connectAs(index % 2 === 0 ? at.a : at.b, `w-${index}`)));
    for (const writer of writers) expect(await writer.send('join_room', { room_id: 'w-room' })).toMatchObject({ status: 'success' });
    const each = 100;
    await Promise.all(
      writers.flatMap((writer, index) =>
        Array.from({ length: each }, (_, n) => writer.send('room_message', { room_id: 'w-room', content: `${index}-${n}` })),
      ),
    );
    const count = writers.length * each;
    const seen = await Promise.all(writers.map((writer) => writer.waitFor('room_message', count, 15_000)));
    for (const messages of seen) {
      expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
      expect(messages.map(({ id }) => id)).toEqual(seen[0]?.map(({ id }) => id));
    }
  });

  test('rooms have their members on both nodes, who hear of one another', async ({ connectAs }) => {
    const [ann, bob, cas] = [await connectAs(at.a, 'r-ann'), await connectAs(at.b, 'r-bob'), await connectAs(at.b, 'r-cas')];
    await ann.send('create_room', { room_id: 'r-room', room_name: 'Both' });
    expect(await bob.send('join_room', { room_id: 'r-room' })).toMatchObject({ members: ['r-ann', 'r-bob'], member_count: 2 });
    expect(await ann.waitFor('user_joined')).toEqual([{ room_id: 'r-room', user_id: 'r-bob' }]);
    await cas.send('join_room', { room_id: 'r-room' });
    await ann.send('room_message', { room_id: 'r-room', content: 'from a' });
    await cas.send('room_message', { room_id: 'r-room', content: 'from b' });
    for (const client of [ann, bob, cas]) {
      expect((await client.waitFor('room_message', 2)).map(({ content }) => content)).toEqual(['from a', 'from b']);
    }
    await bob.send('leave_room', { room_id: 'r-room' });
    expect(await ann.waitFor('user_left')).toEqual([{ room_id: 'r-room', user_id: 'r-bob' }]);
    expect(await ann.send('delete_room', { room_id: 'r-room' })).toMatchObject({ status: 'success' });
    expect(await cas.waitFor('room_deleted')).toEqual([{ room_id: 'r-room' }]);
    expect(await cas.send('room_message', { room_id: 'r-room', content: 'late' })).toMatchObject({ code: 'room_not_found' });
  });

  test('who leaves on one node gets nothing later on the other', async ({ connectAs }) => {
    const [onA, onB, bob] = [await connectAs(at.a, 'x-ann'), await connectAs(at.b, 'x-ann'), await connectAs(at.b, 'x-bob')];
    await bob.send('join_room', { room_id: 'x-room' });
    for (let round = 1; round <= 20; round++) {
      expect(await onA.send('join_room', { room_id: 'x-room' })).toMatchObject({ member_count: 2 });
      await bob.send('room_message', { room_id: 'x-room', content: `hello ${round}` });
      for (const client of [onA, onB]) await client.waitFor('room_message', round);
      await onA.send('leave_room', { room_id: 'x-room' });
      const { seq } = await bob.send('room_message', { room_id: 'x-room', content: `secret ${round}` });
      expect(seq).toBe(2 * round);
    }
    await bob.waitFor('room_message', 40);
    await bob.send('message', { recipient_id: 'x-ann', content: 'end' });
    for (const client of [onA, onB]) {
      await client.waitFor('message');
      expect(client.all('room_message').map(({ content }) => content)).toEqual(
        Array.from({ length: 20 }, (_, index) => `hello ${index + 1}`),
      );
    }
  });

  test('a private room is private on both', async ({ connectAs }) => {
    const [ann, eve] = [await connectAs(at.a, 'p-ann'), await connectAs(at.b, 'p-eve')];
    await ann.send('create_room', { room_id: 'p-room', room_name: 'Private', is_private: true });
    for (const name of ['history', 'members'] as const) {
      const [asked, none] = [await eve.send(name, { room_id: 'p-room' }), await eve.send(name, { room_id: 'p-none' })];
      expect({ ...asked, message: '' }).toEqual({ ...none, message: '' });
      expect(asked).toMatchObject({ status: 'error' });
    }
    expect(await eve.send('join_room', { room_id: 'p-room' })).toMatchObject({ status: 'error' });
    expect((await fetch(`${at.b}/api/rooms/p-room`)).status).toBe(404);
  });

  test('broadcasts and signals reach both', async ({ connectAs }) => {
    const [ann, bob] = [await connectAs(at.a, 'b-ann'), await connectAs(at.b, 'b-bob')];
    await expect.poll(() => ann.send('presence', { user_ids: ['b-bob'] })).toMatchObject({ users: [{ state: 'online' }] });
    await ann.send('broadcast', { content: 'to all' });
    expect(await bob.waitFor('broadcast')).toMatchObject([{ sender_id: 'b-ann', content: 'to all' }]);
    expect(await ann.waitFor('broadcast')).toHaveLength(1);
    expect(await ann.send('signal', { recipient_id: 'b-bob', kind: 'typing', data: { n: 1 } })).toMatchObject({ recipients: 1 });
    expect(await bob.waitFor('signal')).toMatchObject([{ sender_id: 'b-ann', kind: 'typing', data: { n: 1 } }]);
    for (const client of [ann, bob]) await client.send('join_room', { room_id: 'b-room' });
    expect(await bob.send('signal', { room_id: 'b-room', kind: 'typing' })).toMatchObject({ status: 'success' });
    expect(await ann.waitFor('signal')).toMatchObject([{ sender_id: 'b-bob', room_id: 'b-room', kind: 'typing' }]);
  });

  test('presence is that of both nodes, and who watches hears of changes on the other', async ({ connectAs }) => {
    const ann = await connectAs(at.a, 's-ann');
    const seen = () => ann.send('presence', { user_ids: ['s-bob'] });
    await ann.send('presence', { user_ids: ['s-bob'], watch: true });
    const bob = await connectAs(at.b, 's-bob');
    expect(await ann.waitFor('presence')).toMatchObject([{ user_id: 's-bob', state: 'online' }]);
    const more = await connectAs(at.a, 's-bob');
    await expect.poll(seen).toMatchObject({ users: [{ connections: 2 }] });
    await bob.send('set_state', { state: 'dnd', status_text: 'busy' });
    expect((await ann.waitFor('presence', 2))[1]).toMatchObject({ state: 'dnd', status_text: 'busy' });
    bob.close();
    await expect.poll(seen).toMatchObject({ users: [{ state: 'dnd', connections: 1 }] });
    expect(ann.all('presence')).toHaveLength(2);
    more.close();
    expect((await ann.waitFor('presence', 3))[2]).toMatchObject({ state: 'offline', last_seen: expect.any(Number) });
  });

  test('an invisible user is offline on the other node', async ({ connectAs }) => {
    const ann = await connectAs(at.a, 'i-ann');
    await ann.send('presence', { user_ids: ['i-bob'], watch: true });
    const bob = await connectAs(at.b, 'i-bob', { register: { state: 'invisible' } });
    await bob.send('message', { recipient_id: 'i-ann', content: 'you do not see me' });
    await ann.waitFor('message');
    expect(await ann.send('presence', { user_ids: ['i-bob'] })).toMatchObject({ users: [{ state: 'offline' }] });
    expect(await ann.send('signal', { recipient_id: 'i-bob', kind: 'k' })).toMatchObject({ recipients: 0 });
    expect(await bob.waitFor('signal')).toHaveLength(1);
    expect(ann.all('presence')).toEqual([]);
  });

  test('history is the same on both', async ({ connectAs }) => {
    const [ann, bob] = [await connectAs(at.a, 'h-ann'), await connectAs(at.b, 'h-bob')];
    for (const content of [1, 2, 3]) await ann.send('message', { recipient_id: 'h-bob', content });
    await bob.send('message', { recipient_id: 'h-ann', content: 4 });
    const [fromA, fromB] = [await ann.send('history', { user_id: 'h-bob' }), await bob.send('history', { user_id: 'h-ann' })];
    for (const page of [fromA, fromB]) expect(page).toMatchObject({ messages: [1, 2, 3, 4].map((content) => ({ content })) });
  });

  test('a repeated client_msg_id is one message, wherever it is repeated', async ({ connectAs }) => {
    const [onA, onB, bob] = [await connectAs(at.a, 'c-ann'), await connectAs(at.b, 'c-ann'), await connectAs(at.b, 'c-bob')];
    const message = { recipient_id: 'c-bob', content: 'once', client_msg_id: 'm1' };
    const replies = await Promise.all([onA, onB, onA, onB].map((client) => client.send('message', message)));
    expect(new Set(replies.map((reply) => reply.message_id)).size).toBe(1);
    expect(replies.filter((reply) => reply.duplicate !== true)).toHaveLength(1);
    await bob.send('message', { recipient_id: 'c-bob', content: 'end' });
    expect((await bob.waitFor('message', 2)).map(({ content }) => content)).toEqual(['once', 'end']);
    expect(await onB.send('message', { ...message, content: 'other' })).toMatchObject({ code: 'client_msg_id_conflict' });
  });

  test('the limit of connections is one for all nodes', async ({ connect }) => {
    const auth = { user_id: 'n-ann' };
    const five = await Promise.all([at.a, at.b, at.a, at.b, at.a].map((url) => connect(url, { auth })));
    for (const url of [at.a, at.b]) {
      await expect(connect(url, { auth })).rejects.toMatchObject({ data: { code: 'connection_limit' } });
    }
    for (const client of five) expect(await client.send('ping_hub', {})).toMatchObject({ status: 'success' });
    five[0]?.close();
    const comes = () =>
      connect(at.b, { auth }).then(
        () => 'here',
        () => 'refused',
      );
    // A refusal takes its time: the connections of both nodes are asked whether they live.
    await expect.poll(comes, { timeout: 15_000 }).toBe('here');
  });

  test('of twenty that come at once to both nodes five get in', async ({ connect }) => {
    const opened = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => connect(index % 2 === 0 ? at.a : at.b, { auth: { user_id: 'm-ann' } })),
    );
    expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  });

  test('each node tells of both', async ({ connectAs }) => {
    await connectAs(at.a, 'o-ann');
    const views = await Promise.all([at.a, at.b].map(async (url): Promise<unknown> => (await fetch(`${url}/api/nodes`)).json()));
    const node = { node: expect.any(Number), users: expect.any(Number), silent_seconds: expect.any(Number) };
    for (const view of views) expect(view).toMatchObject({ bus: 'up', nodes: [node, node] });
    expect(new Set(views.map((view) => Object(view).this_node)).size).toBe(2);
  });
});
