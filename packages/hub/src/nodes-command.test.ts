import { expect, test } from 'vitest';
import { nodesJson, nodesTable } from './nodes-command.ts';

const first = {
  node: 1,
  address: '10.0.0.5:7000',
  startedMs: Date.UTC(2026, 10, 24, 16, 0, 3),
  silentMs: 312,
  users: 9,
  connections: 12,
  commits: 1042,
};
const second = { ...first, node: 12, address: '', silentMs: -3, users: 0, connections: 0, commits: 0 };

test('the nodes of a cluster stand in columns', () => {
  expect(nodesTable([first, second])).toBe(
    'NODE  ADDRESS        SINCE                    LAST BEAT  USERS  CONNECTIONS  COMMITS\n' +
      '1     10.0.0.5:7000  2026-11-24 16:00:03 UTC  0.3 s ago  9      12           1042\n' +
      '12    -              2026-11-24 16:00:03 UTC  0.0 s ago  0      0            0\n',
  );
  expect(nodesTable([])).toBe('No node runs on this database.\n');
});

test('a program gets them as JSON', () => {
  expect(JSON.parse(nodesJson([first]))).toEqual({
    nodes: [
      { node: 1, address: '10.0.0.5:7000', started_at: 1_795_536_003, silent_seconds: 0.312, users: 9, connections: 12, commits: 1042 },
    ],
  });
});
