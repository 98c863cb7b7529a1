import { expect, test } from 'vitest';
import { nodeProblem } from './node-version.ts';

test.each(['22.12.0', '22.23.3', '24.0.0', '26.10.0', '27.0.0', '30.1.0'])('runs on Node %s', (version) => {
  expect(nodeProblem(version)).toBeUndefined();
});

test.each(['18.20.4', '20.20.2', '22.11.0', '23.11.0', '25.2.1'])('refuses Node %s with a sentence', (version) => {
  expect(nodeProblem(version)).toBe(
    `Parley runs on Node.js 22 (from 22.12), 24, and 26 or newer, and this is ${version}: please install one of them from https://nodejs.org.`,
  );
});
