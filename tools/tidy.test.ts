import { expect, test } from 'vitest';
import { tidy } from './tidy.ts';

const problemsOf = (path: string, text: string) => tidy([{ path, text }]).problems;

test('a long file gets a hint, a very long one is a problem', () => {
  const lines = (count: number) => [{ path: 'packages/hub/src/a.ts', text: 'a;\n'.repeat(count) }];
  expect(tidy(lines(300))).toEqual({ problems: [], hints: [] });
  expect(tidy(lines(301))).toEqual({ problems: [], hints: ['packages/hub/src/a.ts: 301 lines, better at most 300'] });
  expect(tidy(lines(451))).toEqual({ problems: ['packages/hub/src/a.ts: 451 lines, at most 450'], hints: [] });
});

test.each(['Date.now()', 'new Date()', 'Math.random()', 'setTimeout(f, 1)', 'setInterval(f, 1)', 'setImmediate(f)', 'performance.now()'])(
  '%s comes in through a port',
  (code) => {
    expect(problemsOf('packages/hub/src/route/a.ts', `const a = ${code};\n`)).toEqual([
      'packages/hub/src/route/a.ts:1: time and randomness come in through Clock and Random (lib/)',
    ]);
    for (const path of ['packages/hub/src/lib/clock.ts', 'packages/hub/src/route/a.test.ts', 'test/e2e.test.ts', 'tools/a.ts']) {
      expect(problemsOf(path, `const a = ${code};\n`)).toEqual([]);
    }
  },
);

test('comments may speak of time', () => {
  expect(problemsOf('packages/hub/src/route/a.ts', '/**\n * Date.now() jumps.\n */\nlet a = 1; // not Math.random\n')).toEqual([]);
});

test('a test that is left out, and whatever silences the tools, is refused', () => {
  expect(problemsOf('packages/hub/src/a.test.ts', "test.skip('x', f);\n")).toHaveLength(1);
  expect(problemsOf('packages/hub/src/a.test.ts', "describe.only('x', f);\n")).toHaveLength(1);
  expect(problemsOf('packages/hub/src/a.test.ts', "test.skipIf(noPython)('x', f);\n")).toEqual([]);
  expect(problemsOf('packages/hub/src/a.ts', '// @ts-ignore\n')).toHaveLength(1);
  expect(problemsOf('packages/hub/src/a.ts', '// biome-ignore lint/suspicious/noExplicitAny: because\n')).toHaveLength(1);
});
