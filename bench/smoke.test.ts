/** The benchmark runs through, small: so it can't rot. Nothing here depends on how fast anything is. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../test/support/hub-process.ts';
import type { Results } from './results.ts';
import { scenarios } from './scenarios/all.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const timeoutMs = 240_000;

async function quickRun(...args: readonly string[]): Promise<{ results: Results; page: string }> {
  const folder = await temporaryFolder();
  try {
    await promisify(execFile)(process.execPath, [main, '--quick', '--out', folder.path, ...args], { timeout: timeoutMs - 10_000 });
    const results: Results = JSON.parse(await readFile(join(folder.path, 'results.json'), 'utf8'));
    return { results, page: await readFile(join(folder.path, 'index.html'), 'utf8') };
  } finally {
    await folder.remove();
  }
}

/** A scenario rejects when a delivery or an acknowledgement is missing or doubled, and then there is no sample. */
function measured({ samples }: Results): string[] {
  for (const { scenario, system, figures } of samples) {
    for (const [name, value] of Object.entries(figures)) expect(value, `(${scenario}) ${system}: ${name}`).toSatisfy(Number.isFinite);
  }
  return samples.map(({ scenario, system }) => `${scenario} ${system}`);
}

describe('the benchmark', () => {
  test('measures the hub and its first peers in every scenario, and everything arrives', { timeout: timeoutMs }, async () => {
    const systems = ['parley', 'socket.io', 'ws echo'];
    const { results, page } = await quickRun('--systems', systems.join(','));
    const expected = scenarios.flatMap(({ id, systems: all }) =>
      systems.filter((name) => all.includes(name)).map((name) => `${id} ${name}`),
    );
    expect(results.skips).toEqual([]);
    expect(measured(results)).toEqual(expected);
    for (const { title } of scenarios) expect(page).toContain(title);
  });

  test('measures each other peer, or says which program is missing', { timeout: timeoutMs }, async () => {
    const systems = ['ws prepared', 'ws send', 'bun publish', 'socket.io+sqlite', 'jetstream', 'mosquitto', 'redis streams'];
    const { results } = await quickRun('--only', 'a,e', '--systems', systems.join(','));
    const missing = results.skips.map(({ system, reason }) => `${system}: ${reason}`);
    for (const skip of missing) expect(skip).toContain('none of these programs is installed');
    expect(measured(results).length + missing.length).toBe(systems.length);
  });
});
