import { describe, expect, test } from 'vitest';
import { importsOf, layerProblems } from './layers.ts';

const hub = (path: string) => `packages/hub/src/${path}`;
const problemsOf = (path: string, ...lines: string[]) => layerProblems([{ path, text: lines.join('\n') }]);

describe('imports are found', () => {
  test.each([
    ["import { a } from './a.ts';", './a.ts'],
    ["import type { A } from './a.ts';", './a.ts'],
    ["export * from './a.ts';", './a.ts'],
    ["export type { A } from './a.ts';", './a.ts'],
    ["import './a.ts';", './a.ts'],
    ["const a = await import('./a.ts');", './a.ts'],
    ["let a: import('./a.ts').A;", './a.ts'],
    ["import {\n  a,\n  b,\n} from './a.ts';", './a.ts'],
  ])('%s', (text, specifier) => {
    expect(importsOf(text)).toEqual([{ line: 1, specifier }]);
  });

  test('with their lines, and nothing else is taken for one', () => {
    const text = "/** Not from './doc.ts'. */\nexport const text = 'x';\nimport { a } from './a.ts';";
    expect(importsOf(text)).toEqual([{ line: 3, specifier: './a.ts' }]);
  });
});

describe('the layers', () => {
  test('a stage must not import another stage, not even its types', () => {
    expect(problemsOf(hub('route/router.ts'), "import type { Store } from '../store/sqlite/store.ts';")).toEqual([
      'packages/hub/src/route/router.ts:1: route must not import store (it may import route, lib, ports, protocol)',
    ]);
  });

  test('a stage may import itself, lib, ports, the protocol and npm packages', () => {
    const imports = ["'./views.ts'", "'../lib/clock.ts'", "'../../ports/store.ts'", "'@parley/protocol'", "'typebox'", "'node:crypto'"];
    expect(problemsOf(hub('route/commands/message.ts'), ...imports.map((from) => `import { x } from ${from};`))).toEqual([]);
  });

  test('lib and ports know nothing above them, and the protocol does no I/O', () => {
    expect(problemsOf(hub('lib/clock.ts'), "import type { Store } from '../ports/store.ts';")).toHaveLength(1);
    expect(problemsOf(hub('ports/store.ts'), "import type { Database } from 'better-sqlite3';")).toHaveLength(1);
    expect(problemsOf('packages/protocol/src/ids.ts', "import { Buffer } from 'node:buffer';")).toHaveLength(1);
    expect(problemsOf('packages/protocol/src/ids.ts', "import { lib } from '@parley/hub';")).toHaveLength(1);
  });

  test('the composition root may import every stage, and no stage may import it', () => {
    expect(problemsOf(hub('hub.ts'), "import { a } from './route/router.ts';", "import { b } from './store/sqlite/store.ts';")).toEqual([]);
    expect(problemsOf(hub('route/router.ts'), "import { createHub } from '../hub.ts';")).toHaveLength(1);
  });

  test('a driver is named in one folder only', () => {
    expect(problemsOf(hub('store/sqlite/database.ts'), "import Database from 'better-sqlite3';")).toEqual([]);
    expect(problemsOf(hub('store/memory.ts'), "import Database from 'better-sqlite3';")).toEqual([
      'packages/hub/src/store/memory.ts:1: better-sqlite3 may be imported in packages/hub/src/store/sqlite/ only',
    ]);
    expect(problemsOf(hub('deliver/outbox.test.ts'), "import { WebSocket } from 'ws';")).toEqual([]);
  });

  test('the machine is reached from a few places only', () => {
    expect(problemsOf(hub('route/router.ts'), "import { readFileSync } from 'node:fs';", 'const a = process.env.A;')).toEqual([
      'packages/hub/src/route/router.ts:1: node:fs must not be used here',
      'packages/hub/src/route/router.ts:2: process must not be used here',
    ]);
    expect(problemsOf(hub('config/load.ts'), "import { readFileSync } from 'node:fs';")).toEqual([]);
    expect(problemsOf(hub('main.ts'), 'process.exit(1);')).toEqual([]);
  });

  test('what helps tests is imported by tests only', () => {
    const line = "import { ManualClock } from '../lib/manual-clock.test-support.ts';";
    expect(problemsOf(hub('deliver/cursor-writer.test.ts'), line)).toEqual([]);
    expect(problemsOf(hub('deliver/reader-bench.test-support.ts'), line)).toEqual([]);
    expect(problemsOf(hub('deliver/cursor-writer.ts'), line)).toEqual([
      'packages/hub/src/deliver/cursor-writer.ts:1: ../lib/manual-clock.test-support.ts is for tests only and is not published',
    ]);
  });

  test('other packages are reached by name, through their index', () => {
    expect(problemsOf('packages/testkit/src/index.ts', "import { createHub } from '@parley/hub';")).toEqual([]);
    expect(problemsOf('packages/testkit/src/index.ts', "import { createHub } from '../../hub/src/hub.ts';")).toHaveLength(1);
    expect(problemsOf('packages/testkit/src/index.ts', "import { createHub } from '@parley/hub/src/hub.ts';")).toHaveLength(1);
    expect(problemsOf(hub('store/sqlite/store.test.ts'), "import { storeContract } from '@parley/testkit';")).toEqual([]);
    expect(problemsOf(hub('store/sqlite/store.ts'), "import { storeContract } from '@parley/testkit';")).toHaveLength(1);
  });

  test('the inner parts of the hub are for the testkit alone', () => {
    const line = "import { Core } from '@parley/hub/testing';";
    expect(problemsOf('packages/testkit/src/sim/sim-hub.ts', line)).toEqual([]);
    expect(problemsOf('packages/client/src/index.ts', line)).toHaveLength(1);
    expect(problemsOf(hub('hub.ts'), line)).toHaveLength(1);
  });

  test('a folder that nobody put into a layer is refused', () => {
    expect(problemsOf(hub('misc/a.ts'), "import { b } from '../lib/b.ts';")).toEqual([
      'packages/hub/src/misc/a.ts:1: misc is in no layer: add it to tools/layers.ts',
    ]);
  });
});
