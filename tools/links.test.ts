/** What the documents name exists: files, headings, commands, tests, options and numbers of decisions. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { options } from '../packages/hub/src/config/options.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const find = (patterns: string[]) => globSync(patterns, { cwd: root, exclude: (path) => path.endsWith('node_modules') }).sort();

const documents = find(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'packages/*/README.md']);
const tests = new Set(find(['{packages,test,tools,bench}/**/*.test.ts']).map((path) => basename(path)));
const optionNames = new Set(Object.values(options).map(({ name }) => name));
const groups = [...optionNames].filter((name) => name.includes('.')).map((name) => name.slice(0, name.indexOf('.')));
const namedOption = new RegExp(`\`((?:${[...new Set(groups)].join('|')})\\.[a-z_]+)\\b`, 'g');
const scripts = new Set(Object.keys(JSON.parse(read('package.json')).scripts));

const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);
const anchorsOf = (text: string) =>
  all(text, /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );

function isThere(link: string, document: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : join(dirname(document), path);
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || !target.endsWith('.md') || anchorsOf(read(target)).includes(anchor);
}

describe.each(documents)('%s', (document) => {
  const text = read(document);

  test('links to what is there', () => {
    const links = all(text, /\]\(([^)\s]+)\)/g).filter((link) => !/^[a-z]+:/.test(link));
    expect(links.filter((link) => !isThere(link, document))).toEqual([]);
  });

  test('names options that are there', () => {
    expect(all(text, namedOption).filter((name) => !/\.(ts|test)$/.test(name) && !optionNames.has(name))).toEqual([]);
  });

  test('names commands and tests that are there', () => {
    expect(all(text, /npm run ([a-z:-]+)/g).filter((name) => !scripts.has(name))).toEqual([]);
    expect(all(text, /([\w-]+\.test\.ts)/g).filter((name) => name !== 'x.test.ts' && !tests.has(name))).toEqual([]);
  });
});

test('decisions are numbered without gaps', () => {
  const numbers = find(['docs/decisions/*.md']).map((path) => basename(path).slice(0, 4));
  expect(numbers).toEqual(numbers.map((_, index) => String(index + 1).padStart(4, '0')));
});
