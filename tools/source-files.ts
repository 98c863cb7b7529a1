import { globSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';

export interface SourceFile {
  /** From the repository's root, with `/`: `packages/hub/src/route/router.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript file of the repository's own. */
export function sourceFiles(root: string): SourceFile[] {
  const paths = globSync(['packages/*/src/**/*.ts', 'tools/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'], {
    cwd: root,
    exclude: (path) => path.endsWith('node_modules'),
  });
  return paths
    .map((path) => path.split(sep).join('/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(`${root}/${path}`, 'utf8') }));
}

/** Tests, and what helps tests only, which stands beside them as `name.test-support.ts`. Neither is published. */
export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || isTestSupport(path) || path.startsWith('test/');
}

export function isTestSupport(path: string): boolean {
  return path.endsWith('.test-support.ts');
}

/** The lines as the compiler sees them, with their numbers: comments are left out. */
export function codeLines(text: string): { readonly number: number; readonly code: string }[] {
  return text
    .split('\n')
    .map((line, index) => ({ number: index + 1, code: line.replace(/(^|\s)\/\/ .*$/, '').trim() }))
    .filter(({ code }) => code !== '' && !/^(\*|\/\*|\/\/)/.test(code));
}
