import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mutations } from './mutations.ts';

test.each(mutations)('$name: its place is still in the code, once', ({ file, find }) => {
  const text = readFileSync(new URL(`../packages/hub/src/${file}`, import.meta.url), 'utf8');
  expect(text.split(find).length - 1).toBe(1);
});
