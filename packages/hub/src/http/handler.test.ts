import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { HubError, type RoomView } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Log, silentLog } from '../ports/log.ts';
import { createHttpHandler } from './handler.ts';
import type { HttpApi, HttpPorts } from './ports.ts';
import type { Health, Readiness } from './schemas.ts';
import { statsView } from './stats-view.ts';

const lobby: RoomView = {
  room_id: 'lobby',
  room_name: 'The Lobby',
  created_by: 1,
  created_at: 1_764_000_000.123,
  is_private: false,
  max_members: 100,
  member_count: 2,
};
const longRoom = { ...lobby, room_id: `${'𝄞'.repeat(127)}/` };
const hiddenRoom = { ...lobby, room_id: 'hidden', is_private: true };

const api: HttpApi = {
  stats: async ({ visible_only }) =>
    statsView({
      uptimeMs: 61_900,
      pool: { total: 5, registered: 4, users: 3, averagePerUser: 4 / 3, mostOfOneUser: 2, maxPerUser: 5, refused: 7 },
      users: [
        { userId: '1', connections: 2 },
        { userId: 'ann', connections: 1 },
        { userId: '007', connections: 1 },
        ...(visible_only ? [] : [{ userId: 'hidden', connections: 1 }]),
      ],
      store: { messages: 40, rooms: 2, queued: 6, expired: 1, dropped: 3, damaged: 0 },
      liveDropped: 9,
      slowClosed: 2,
      strangers: { open: 3, displaced: 2, refused: 1 },
      vitals: { residentBytes: 80_000_000, loopDelayMs: { median: 0.04, p99: 1.26, max: 9 } },
    }),
  rooms: async ({ after, limit, include_private }) => {
    if (after === 'nowhere') throw new HubError('invalid_payload');
    return { rooms: [lobby, longRoom, ...(include_private ? [hiddenRoom] : [])].slice(0, limit), count: 2, has_more: after !== 'lobby' };
  },
  room: async (roomId) => [lobby, longRoom, hiddenRoom].find((room) => room.room_id === roomId),
  members: async (_roomId, { after, limit }) => {
    if (after === 'nobody') throw new HubError('invalid_payload');
    const members = [
      { user_id: 1, role: 'owner', joined_at: 0 },
      { user_id: 'ann', role: 'member', joined_at: 0 },
    ] as const;
    return { members: members.slice(after === '1' ? 1 : 0, limit), has_more: limit === 1 };
  },
};

let health: Health = { status: 'healthy' };
let readiness: Readiness = 'ready';
const logged: unknown[] = [];
const log: Log = { ...silentLog, error: (fields) => logged.push(fields) };
const ports: HttpPorts = {
  api,
  readiness: () => readiness,
  health: () => health,
  version: '1.2.3',
  auth: 'open',
  socketPath: '/socket.io/',
  log,
};

async function listen(handler: RequestListener) {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, close: () => server.close() };
}

let hub: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  hub = await listen(await createHttpHandler(ports));
});
afterAll(() => hub.close());

const get = (path: string, init?: RequestInit) => fetch(hub.url + path, init);
const json = async (path: string, init?: RequestInit): Promise<unknown> => (await get(path, init)).json();

describe('the front page', () => {
  test('tells a program what this is and where to connect', async () => {
    const response = await get('/');
    expect(response.headers.get('content-type')).toContain('application/json');
    const greeting = await response.json();
    expect(greeting).toMatchObject({ message: expect.any(String), version: '1.2.3', websocket_endpoint: '/socket.io' });
    expect(greeting).toHaveProperty('features', expect.arrayContaining(['durable inbox']));
  });

  test('is a page for a browser, with everything it needs on this hub and no script written into it', async () => {
    const response = await get('/', { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self';/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('vary')).toBe('accept');
    const html = await response.text();
    expect(html).toContain('1.2.3');
    expect(html).not.toContain('{{');
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=/i);
    const targets = [...html.matchAll(/(?:src|href)="([^#"][^"]*)"/g)].map(([, target = '']) => target);
    for (const target of targets) expect((await get(`/${target}`)).status, target).toBe(200);
    expect(targets.length).toBeGreaterThan(4);
  });

  test('names nothing by an address from the root, so that it works below a path of a proxy', async () => {
    const files = ['/', '/assets/page.css', '/assets/page.js', '/assets/try-out.js'];
    const headers = { accept: 'text/html' };
    for (const file of files)
      expect(await (await get(file, { headers })).text(), file).not.toMatch(/(src|href)="\/|(fetch|import|map)\(\[?'\//);
  });
});

describe('health', () => {
  test('is healthy while the process serves, and ready until it drains', async () => {
    expect(await json('/health')).toEqual({ status: 'healthy' });
    expect(await json('/ready')).toEqual({ status: 'ready' });
    for (const reason of ['draining', 'failed'] as const) {
      readiness = reason;
      const response = await get('/ready');
      expect([response.status, await response.json()]).toEqual([503, { status: reason }]);
    }
    expect((await get('/health')).status).toBe(200);
    readiness = 'ready';
  });

  test('counts what is damaged and goes on, and fails with its store (a failed store says 200)', async () => {
    health = { status: 'degraded', damaged: 3 };
    const degraded = await get('/health');
    expect([degraded.status, await degraded.json()]).toEqual([200, health]);
    health = { status: 'failed' };
    const failed = await get('/health');
    expect([failed.status, await failed.json()]).toEqual([503, health]);
    health = { status: 'healthy' };
  });

  test('HEAD answers as GET does, without a body', async () => {
    const response = await get('/health', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

test('statistics have the keys of the origin, and ids as on the wire', async () => {
  expect(await json('/api/stats')).toEqual({
    status: 'success',
    connections: { total_connections: 5, online_users: 3, connections_by_user: { '1': 2, ann: 1, '007': 1 } },
    pool: {
      total_connections: 4,
      users_with_connections: 3,
      max_per_user: 5,
      avg_connections_per_user: 1.33,
      max_of_one_user: 2,
      refused: 7,
    },
    online_users: [1, 'ann', '007'],
    queue: { queued: 6, expired: 1, dropped: 3 },
    messages: 40,
    rooms: 2,
    uptime_seconds: 61,
    live_dropped: 9,
    slow_closed: 2,
    strangers: { open: 3, displaced: 2, refused: 1 },
    process: { resident_bytes: 80_000_000, loop_delay_ms: { median: 0, p99: 1.3, max: 9 } },
  });
});

test('statistics name the first thousand users and count them all (100,000 users were one answer)', async () => {
  const users = Array.from({ length: 1001 }, (_, index) => ({ userId: `u${index}`, connections: 1 }));
  const many: HttpApi = {
    ...api,
    stats: async (options) => ({ ...(await api.stats(options)), ...manyUsers(users) }),
  };
  const other = await listen(await createHttpHandler({ ...ports, api: many }));
  const stats: ReturnType<typeof manyUsers> = JSON.parse(await (await fetch(`${other.url}/api/stats`)).text());
  expect(stats.online_users).toHaveLength(1000);
  expect(Object.keys(stats.connections.connections_by_user)).toHaveLength(1000);
  expect(stats.connections.online_users).toBe(1001);
  other.close();
});

function manyUsers(users: readonly { readonly userId: string; readonly connections: number }[]) {
  return {
    online_users: users.map(({ userId }) => userId),
    connections: {
      total_connections: users.length,
      online_users: users.length,
      connections_by_user: Object.fromEntries(users.map(({ userId, connections }) => [userId, connections])),
    },
  };
}

describe('rooms', () => {
  test('are listed with their number', async () => {
    expect(await json('/api/rooms')).toEqual({ rooms: [lobby, longRoom], count: 2, has_more: true });
  });

  test('are listed page by page', async () => {
    expect(await json('/api/rooms?limit=1&after=lobby')).toEqual({ rooms: [lobby], count: 2, has_more: false });
    for (const query of ['limit=0', 'limit=501', 'limit=x', 'after=nowhere']) expect((await get(`/api/rooms?${query}`)).status).toBe(400);
  });

  test('that are private look like none, since nobody has shown who they are', async () => {
    const [hidden, missing] = [await get('/api/rooms/hidden'), await get('/api/rooms/nowhere')];
    expect([hidden.status, await hidden.text()]).toEqual([missing.status, await missing.text()]);
  });

  test('one room comes with its members', async () => {
    expect(await json('/api/rooms/lobby')).toEqual({ ...lobby, members: [1, 'ann'], has_more: false });
  });

  test('one room comes with its members page by page', async () => {
    expect(await json('/api/rooms/lobby?limit=1')).toEqual({ ...lobby, members: [1], has_more: true });
    expect(await json('/api/rooms/lobby?after=1')).toEqual({ ...lobby, members: ['ann'], has_more: false });
    for (const query of ['limit=0', 'limit=501', 'after=nobody']) expect((await get(`/api/rooms/lobby?${query}`)).status).toBe(400);
  });

  test('a parameter that is wrong is named, with a code and without what was sent', async () => {
    expect(await json('/api/rooms?limit=501')).toMatchObject({ code: 'invalid_payload', message: 'limit must be <= 500.' });
    expect(await json('/api/rooms?limit=<b>')).toMatchObject({ code: 'invalid_payload', message: 'limit must be integer.' });
    expect(await json('/api/rooms?after=a&after=b')).toMatchObject({ code: 'invalid_payload' });
  });

  test('a room that is deleted while it is asked about is 404 (a race was 500)', async () => {
    const gone: HttpApi = { ...api, members: () => Promise.reject(new HubError('room_not_found')) };
    const other = await listen(await createHttpHandler({ ...ports, api: gone }));
    const response = await fetch(`${other.url}/api/rooms/lobby`);
    expect([response.status, await response.json()]).toEqual([404, expect.objectContaining({ code: 'room_not_found' })]);
    other.close();
  });

  test('is found by the longest id, of the longest characters', async () => {
    expect(await json(`/api/rooms/${encodeURIComponent(longRoom.room_id)}`)).toMatchObject({ room_id: longRoom.room_id });
  });

  test('a room that is not there is 404 with a code', async () => {
    const response = await get('/api/rooms/nowhere');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: 'Room not found', code: 'room_not_found', message: expect.any(String) });
  });
});

describe('what can go wrong', () => {
  test.each(['/nope', '/api', '/assets/../page-files.ts', '/assets/%2e%2e%2fports.ts'])('%s is 404 with a hint', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: expect.any(String), message: expect.stringContaining('GET /') });
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s on a known path is 405, on an unknown one 404', async (method) => {
    const response = await get('/api/rooms/lobby', { method, headers: { 'content-type': 'text/weird' }, body: '{' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await response.json()).toMatchObject({ code: 'method_not_allowed' });
    expect((await get('/nope', { method })).status).toBe(404);
  });

  test('a path that is not UTF-8 is 400 as JSON', async () => {
    const response = await get('/api/rooms/%ff%fe');
    expect([response.status, await response.json()]).toEqual([400, expect.objectContaining({ code: 'invalid_request' })]);
  });

  test('a store that is busy is 503, and a surprise is 500 that is logged and tells nothing', async () => {
    const broken = (error: Error): HttpApi => ({ ...api, stats: () => Promise.reject(error) });
    const answers = [];
    for (const error of [new HubError('overloaded'), new Error('secret at /etc/x')]) {
      const other = await listen(await createHttpHandler({ ...ports, api: broken(error) }));
      const response = await fetch(`${other.url}/api/stats`);
      answers.push([response.status, await response.json()]);
      other.close();
    }
    expect(answers).toEqual([
      [503, expect.objectContaining({ error: 'Unavailable', code: 'overloaded' })],
      [500, expect.objectContaining({ error: 'Internal error', code: 'internal_error' })],
    ]);
    expect(JSON.stringify(answers)).not.toMatch(/secret|stack|\.ts/);
    expect(logged).toHaveLength(1);
  });
});

describe('a node of a cluster', () => {
  const node = { node: 3, address: '10.0.0.5:7000', startedMs: 1_764_000_000_500, silentMs: 432, users: 2, connections: 3, commits: 9 };

  test('tells of all nodes, but not where they are reached', async () => {
    const other = await listen(await createHttpHandler({ ...ports, cluster: { node: 3, bus: 'down', nodes: async () => [node] } }));
    const response = await fetch(`${other.url}/api/nodes`);
    expect(await response.json()).toEqual({
      this_node: 3,
      bus: 'down',
      nodes: [{ node: 3, started_at: 1_764_000_000.5, silent_seconds: 0.4, users: 2, connections: 3 }],
    });
    const page = await fetch(other.url, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('data-is-cluster="true"');
    other.close();
  });

  test('is not what a hub alone is', async () => {
    expect((await get('/api/nodes')).status).toBe(404);
    expect(await (await get('/', { headers: { accept: 'text/html' } })).text()).toContain('data-is-cluster="false"');
  });
});
