/**
 * `npm run wire-schema`: records what travels between clients and the hub, after a change that was meant. A test fails on one that is not recorded.
 *
 * Raise `version` if a client that was written for the old form would fail with the new one; what is only added keeps it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { closingTable, commandTable, errorTable, hubEvents, replies } from '@parley/protocol';

const path = fileURLToPath(new URL('../packages/protocol/vectors/wire-schema.json', import.meta.url));

/** Everything of the protocol's tables that somebody outside could depend on. */
export function wireSchema(version: number): string {
  const commands = Object.entries(commandTable).map(([name, { schema, reply }]) => [name, { reply, payload: schema }]);
  const errors = Object.entries(errorTable).map(([code, { retry }]) => [code, retry]);
  const tables = {
    commands: Object.fromEntries(commands),
    events: hubEvents,
    replies,
    errors: Object.fromEntries(errors),
    closings: closingTable,
  };
  return `${JSON.stringify({ version, ...tables }, undefined, 1)}\n`;
}

export function recordedSchema(): { readonly text: string; readonly version: number } {
  const text = readFileSync(path, 'utf8');
  const { version }: { version: number } = JSON.parse(text);
  return { text, version };
}

if (import.meta.main) writeFileSync(path, wireSchema(recordedSchema().version));
