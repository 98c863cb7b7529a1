/** Large rooms, rooms that are deleted, and what of rooms and users is private, with stock clients. */
import { describe, expect } from 'vitest';
import type { Client, Payload } from '../support/client.ts';
import { test } from '../support/fixtures.ts';

async function getJson(url: string): Promise<Payload> {
  return { ...Object(await (await fetch(url)).json()) };
}

/** Users who have joined the room and have gone again. */
async function fillRoom(url: string, room_id: string, names: readonly string[], connectAs: (url: string, name: string) => Promise<Client>) {
  for (let start = 0; start < names.length; start += 20) {
    const some = await Promise.all(names.slice(start, start + 20).map((name) => connectAs(url, name)));
    for (const client of some) expect(await client.send('join_room', { room_id })).toMatchObject({ status: 'success' });
    for (const client of some) client.close();
  }
}

describe('a room of more than 100 members', { timeout: 60_000 }, () => {
  test('tells of a crowd in few events, names 100 members on joining and the rest page by page', async ({ hub, connectAs }) => {
    const ann = await connectAs(hub.url, 'crowd-ann');
    await ann.send('create_room', { room_id: 'crowd', room_name: 'Crowd', max_members: 1000 });
    const names = Array.from({ length: 149 }, (_, index) => `crowd-${index + 1}`);
    await fillRoom(hub.url, 'crowd', names, connectAs);
    expect(ann.all('user_joined').map((event) => event.user_id)).toEqual(names.slice(0, 99));
    await expect.poll(() => ann.all('members_changed').at(-1)).toMatchObject({ room_id: 'crowd', member_count: 150 });
    expect(ann.all('members_changed').flatMap((event) => event.joined)).toEqual(names.slice(99));

    const first = await ann.send('members', { room_id: 'crowd' });
    expect(first).toMatchObject({ status: 'success', member_count: 150, has_more: true });
    const members: Payload[] = Array.isArray(first.members) ? first.members : [];
    expect(members[0]).toEqual({ user_id: 'crowd-ann', role: 'owner', joined_at: expect.any(Number) });
    const rest = await ann.send('members', { room_id: 'crowd', after: 'crowd-99' });
    expect(rest).toMatchObject({ has_more: false, members: names.slice(99).map((user_id) => ({ user_id, role: 'member' })) });

    const zoe = await connectAs(hub.url, 'crowd-zoe');
    const joined = await zoe.send('join_room', { room_id: 'crowd' });
    expect(joined).toMatchObject({ member_count: 151, members: ['crowd-ann', ...names.slice(0, 99)] });
    const page = await getJson(`${hub.url}/api/rooms/crowd?limit=2&after=crowd-ann`);
    expect(page).toMatchObject({ member_count: 151, members: ['crowd-1', 'crowd-2'], has_more: true });
  });
});

test('a room that its owner deletes is gone for everybody, over a restart too', async ({ startHub, connectAs }) => {
  const hub = await startHub();
  const [ann, bob] = [await connectAs(hub.url, 'ann'), await connectAs(hub.url, 'bob')];
  for (const client of [ann, bob]) await client.send('join_room', { room_id: 'old' });
  await ann.send('room_message', { room_id: 'old', content: 'what was' });
  expect(await bob.send('delete_room', { room_id: 'old' })).toMatchObject({ status: 'error', code: 'not_owner' });
  expect(await ann.send('delete_room', { room_id: 'old' })).toEqual({ status: 'success', room_id: 'old' });
  expect(await bob.waitFor('room_deleted')).toEqual([{ room_id: 'old' }]);
  expect((await fetch(`${hub.url}/api/rooms/old`)).status).toBe(404);
  await hub.kill();

  const again = await startHub();
  const cas = await connectAs(again.url, 'cas');
  expect(await cas.send('join_room', { room_id: 'old' })).toMatchObject({ members: ['cas'], member_count: 1 });
  expect(await cas.send('history', { room_id: 'old' })).toMatchObject({ messages: [] });
  expect((await connectAs(again.url, 'bob')).registered).toMatchObject({ rooms: [], queued: 0 });
});

describe('privacy over HTTP, where nobody has shown who they are', () => {
  test('a private room looks like none, and is not counted', async ({ startHub, connectAs }) => {
    const hub = await startHub();
    const ann = await connectAs(hub.url, 'ann');
    await ann.send('create_room', { room_id: 'secret', room_name: 'Secret', is_private: true });
    await ann.send('create_room', { room_id: 'open', room_name: 'Open' });
    expect(await getJson(`${hub.url}/api/rooms`)).toMatchObject({ rooms: [{ room_id: 'open' }], count: 1, has_more: false });
    expect(await getJson(`${hub.url}/api/stats`)).toMatchObject({ rooms: 1 });
    const [secret, none] = await Promise.all(['secret', 'no-such'].map((id) => fetch(`${hub.url}/api/rooms/${id}`)));
    expect([secret?.status, await secret?.text()]).toEqual([404, await none?.text()]);
  });

  test('an invisible user is not listed and not counted, from its first moment on', async ({ startHub, connect, connectAs }) => {
    const hub = await startHub();
    const ann = await connectAs(hub.url, 'ann');
    await ann.send('presence', { user_ids: ['bob', 'cas'], watch: true });
    await connect(hub.url, { auth: { user_id: 'bob', state: 'invisible' } });
    await connectAs(hub.url, 'cas', { register: { state: 'invisible' } });
    expect(await getJson(`${hub.url}/api/stats`)).toMatchObject({
      connections: { total_connections: 1, online_users: 1, connections_by_user: { ann: 1 } },
      pool: { total_connections: 1, users_with_connections: 1 },
      online_users: ['ann'],
    });
    expect(ann.all('presence')).toEqual([]);
    expect(await ann.send('broadcast', { content: 'hello' })).toMatchObject({ recipients: 1 });
  });

  test('a parameter that is wrong is refused with a code', async ({ hub }) => {
    for (const query of ['limit=0', 'limit=501', 'limit=many', 'after=no-such']) {
      const response = await fetch(`${hub.url}/api/rooms?${query}`);
      expect([response.status, await response.json()]).toEqual([400, expect.objectContaining({ code: 'invalid_payload' })]);
    }
  });
});
