import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import pinned from './pinned-seeds.json' with { type: 'json' };
import { defaultSteps, type SimResult, simulate } from './run.ts';

/** Enough to be of use in every run of the tests, and done in half a minute. `npm run sim` runs thousands. */
const seeds = 200;
const seedsPerTest = 20;

async function expectNoViolation(seed: number, steps: number): Promise<SimResult> {
  const result = await simulate({ seed, steps });
  expect(result.violation, `npm run sim -- --seed ${seed} --steps ${steps}`).toBeUndefined();
  return result;
}

describe('the hub keeps its promises', () => {
  const starts = Array.from({ length: seeds / seedsPerTest }, (_, index) => index * seedsPerTest + 1);

  test.each(starts)('with 20 seeds from %i on', { timeout: 60_000 }, async (start) => {
    let messages = 0;
    for (let seed = start; seed < start + seedsPerTest; seed++) messages += (await expectNoViolation(seed, defaultSteps)).messages;
    // A simulation in which nothing happens keeps every promise.
    expect(messages).toBeGreaterThan(seedsPerTest * 20);
  });

  test.each(pinned)('with seed $seed, which found: $reason', async ({ seed, steps }) => {
    await expectNoViolation(seed, steps);
  });
});

test('the same seed is the same run, to the last detail', async () => {
  const traceOf = async (seed: number): Promise<string> => {
    const hash = createHash('sha256');
    await simulate({ seed, onTrace: (line) => hash.update(line) });
    return hash.digest('hex');
  };
  const first = await traceOf(7);
  expect(await traceOf(7)).toBe(first);
  expect(await traceOf(8)).not.toBe(first);
});
