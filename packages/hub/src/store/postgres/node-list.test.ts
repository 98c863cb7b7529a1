import { type PostgresServer, postgresMissing, startPostgres } from '@parley/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { connect } from './connection.ts';
import { migrate } from './migrations.ts';
import { listNodes, readNodes } from './node-list.ts';
import { openPostgresStore } from './open.ts';
import { parseTarget } from './target.ts';

const missing = postgresMissing();
let server: PostgresServer | undefined;
let url = '';

beforeEach(({ skip }) => {
  if (missing !== undefined) skip(`not installed: ${missing}`);
});
beforeAll(async () => {
  if (missing !== undefined) return;
  server = await startPostgres();
  url = await server.createDatabase();
});
afterAll(() => server?.remove());

const options = { name: 'test', connectTimeoutMs: 5000, answerTimeoutMs: 5000, clock: systemClock };

test('shows the nodes that have not ended, with what runs on each', async () => {
  const target = parseTarget(url);
  const sql = await connect(target, options);
  await migrate(sql, target.description);
  const run = (text: string) => sql.query({ text, values: [] });
  await run("INSERT INTO nodes (address, started_at, ended) VALUES ('10.0.0.5:7000', 5000, false), ('', 6000, true), ('', 7000, false)");
  await run('INSERT INTO lanes (node_id, lane, position) VALUES (1, 0, 42), (1, 1, 7)');
  await run("INSERT INTO sessions (user_id, slot, device_id, node_id) VALUES ('ann', 1, '', 1), ('ann', 2, '', 1), ('bob', 1, '', 1)");
  await run("INSERT INTO connection_state (user_id, state, last_seen) VALUES ('bob', 'invisible', 0)");

  const beat = { silentMs: expect.closeTo(0, -4) };
  const first = { node: 1, address: '10.0.0.5:7000', startedMs: 5000, commits: 42, ...beat };
  const third = { node: 3, address: '', startedMs: 7000, commits: 0, users: 0, connections: 0, ...beat };
  expect(await readNodes(url, undefined)).toEqual([{ ...first, users: 2, connections: 3 }, third]);
  expect(await listNodes(sql, { invisible: false })).toEqual([{ ...first, users: 1, connections: 2 }, third]);
  await sql.close();
});

test('a store tells of itself and the others, until they end', async () => {
  const database = (await server?.createDatabase()) ?? '';
  const ignore = (): void => {};
  const limits = {
    queueMessagesMax: 1,
    queueOverflow: 'reject',
    senderQueueMessagesMax: 1,
    roomsPerUserMax: 1,
    devicesPerUserMax: 1,
  } as const;
  const hooks = { onCommit: ignore, onAppended: ignore, onDamaged: ignore, onDamagedPart: ignore, onFailed: ignore };
  const open = (address: string) => openPostgresStore({ ...limits, ...hooks, url: database, address });
  const [first, second] = [await open('10.0.0.5:7000'), await open('10.0.0.6:7000')];
  const seen = async () => (await first.nodeSummaries()).map(({ node, address }) => [node, address]);
  expect(await seen()).toEqual([
    [first.node, '10.0.0.5:7000'],
    [second.node, '10.0.0.6:7000'],
  ]);
  await second.close();
  expect(await seen()).toEqual([[first.node, '10.0.0.5:7000']]);
  await first.close();
});

test('says in one sentence why it can not', async () => {
  const empty = await server?.createDatabase();
  await expect(readNodes(String(empty), undefined)).rejects.toThrow(/ holds no cluster: no hub has been started on it yet\.$/);
  const away = 'postgres://postgres:secret@127.0.0.1:1/parley';
  await expect(readNodes(away, undefined)).rejects.toThrow(
    /^The PostgreSQL database parley at 127\.0\.0\.1:1 can't be reached .*--store\.$/,
  );
  await expect(readNodes(away, undefined)).rejects.not.toThrow(/secret/);
});
