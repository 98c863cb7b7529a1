import { expect, test } from 'vitest';
import { recordedSchema, wireSchema } from './wire-schema.ts';

test('what travels has not changed: if it was meant, run "npm run wire-schema", and raise the version if old clients would fail', () => {
  const { text, version } = recordedSchema();
  expect(wireSchema(version)).toBe(text);
});
