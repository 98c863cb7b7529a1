import { defineConfig } from 'vitest/config';

const isCi = process.env.CI === 'true';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    // Generous: tests that start processes run on machines with two busy cores.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A focused or retried test hides what the others say.
    allowOnly: !isCi,
    retry: 0,
    reporters: ['default', './tools/vitest-summary.ts'],
  },
});
