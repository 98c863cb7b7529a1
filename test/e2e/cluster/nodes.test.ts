/** Who looks after a cluster sees its nodes: on the page of each, and by `parley nodes`, which asks the database alone. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished } from 'vitest';
import { chromium, startBrowser } from '../../support/browser.ts';
import { clusterMissing, pair, startCluster, type TestCluster } from '../../support/cluster.ts';
import { test } from '../../support/fixtures.ts';

const main = fileURLToPath(new URL('../../../packages/hub/src/main.ts', import.meta.url));
const missing = clusterMissing();
let cluster: TestCluster | undefined;

beforeEach(({ skip }) => {
  if (missing !== undefined) skip(`not installed: ${missing}`);
});
beforeAll(async () => {
  if (missing === undefined) cluster = await startCluster();
});
afterAll(() => cluster?.end());

function running(): TestCluster {
  if (cluster === undefined) throw new Error('no cluster');
  return cluster;
}

async function parleyNodes(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'nodes', '--store', running().store, ...args]);
  return stdout;
}

test('"parley nodes" shows each node with those who are on it', async ({ connectAs }) => {
  const [a, b] = pair(running());
  for (const [url, user] of [
    [a.url, 'ann'],
    [a.url, 'ann'],
    [a.url, 'bob'],
    [b.url, 'cas'],
  ] as const) {
    await connectAs(url, user);
  }
  expect(JSON.parse(await parleyNodes('--json'))).toMatchObject({
    nodes: [
      { address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), users: 2, connections: 3, silent_seconds: expect.closeTo(0, -1) },
      { users: 1, connections: 1 },
    ],
  });
  expect((await parleyNodes()).split('\n')[0]).toMatch(/^NODE +ADDRESS +SINCE +LAST BEAT +USERS +CONNECTIONS +COMMITS$/);
});

test('the page of a node shows all nodes', async ({ skip }) => {
  if (chromium === undefined) skip('not installed: chromium');
  const browser = await startBrowser(chromium ?? '');
  onTestFinished(browser.close);
  const [a] = pair(running());
  const tab = await browser.tab({ width: 1280, height: 900, isPhone: false, scheme: 'light' }, '');
  await tab.open(a.url);
  await tab.until(`document.querySelectorAll('#node-rows tr').length === 2`);
  expect(await tab.evaluate(`document.querySelector('#bus').innerText`)).toBe('up');
  expect(await tab.evaluate(`document.querySelector('#nodes').checkVisibility()`)).toBe(true);
  expect(tab.errors).toEqual([]);
});
