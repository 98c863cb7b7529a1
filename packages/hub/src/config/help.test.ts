import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { helpText, optionsDocument } from './help.ts';
import { type Option, options } from './options.ts';

const all = Object.values<Option<unknown>>(options);

test('the help names every option with its default, and fits a terminal of 100 columns', () => {
  const help = helpText();
  for (const { doc } of all) expect(help.replaceAll(/\s+/g, ' ')).toContain(doc);
  expect(help).toMatch(/--presence\.idle-timeout <seconds> +300s +PARLEY_PRESENCE_IDLE_TIMEOUT\n/);
  expect(help).toMatch(/--\[no-\]rooms\.create-on-join +true +PARLEY_ROOMS_CREATE_ON_JOIN\n/);
  expect(help.split('\n').filter((line) => line.length > 100)).toEqual([]);
});

test('docs/options.md is up to date: run "npm run docs" otherwise', () => {
  const file = new URL('../../../../docs/options.md', import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(optionsDocument());
});

test.each(all)('$name: its default is written as it could be given', ({ kind, default: value }) => {
  expect(kind.parse(kind.format(value))).toEqual(value);
});
