import { expect, test } from 'vitest';
import { createLog, type LogSettings } from './log.ts';

function logInto(lines: string[], settings: Partial<LogSettings> = {}) {
  return createLog({ level: 'info', format: 'json', color: false, write: (line) => lines.push(line), ...settings });
}

function written(settings: Partial<LogSettings>, fields: Record<string, unknown>, message = 'user registered'): string {
  const lines: string[] = [];
  logInto(lines, settings).info(fields, message);
  return lines.join('');
}

test('for machines: one JSON object a line', () => {
  const line = written({}, { user_id: 'alice', connections: 2 });
  expect(JSON.parse(line)).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    user_id: 'alice',
    connections: 2,
    message: 'user registered',
  });
  expect(line.endsWith('}\n')).toBe(true);
});

test('for people: the time of the day, the level, the message, then the fields', () => {
  expect(written({ format: 'pretty' }, { user_id: 'alice', connections: 2, note: 'a b="c"' })).toMatch(
    /^\d\d:\d\d:\d\d info {3}user registered {2}user_id=alice connections=2 note="a b=\\"c\\""\n$/,
  );
});

test('entries below the level are left out', () => {
  const lines: string[] = [];
  const log = logInto(lines, { level: 'warn' });
  log.debug({}, 'a');
  log.info({}, 'b');
  log.warn({}, 'c');
  log.error({}, 'd');
  expect(lines.map((line) => JSON.parse(line).message)).toEqual(['c', 'd']);
});

test('an error is told with its stack and its cause', () => {
  const error = new Error('the disk is full', { cause: new Error('ENOSPC') });
  const json = JSON.parse(written({}, { error }));
  expect(json.error.stack).toContain('the disk is full');
  expect(json.error.stack).toContain('caused by: Error: ENOSPC');
  expect(written({ format: 'pretty' }, { error })).toMatch(/^.* user registered\n {4}Error: the disk is full\n {8}at /);
});

const hostile = '\u001b[2J\n\r\u0007\u009b1m\u202e\u2028\u{e0001}end';

test.each(['json', 'pretty'] as const)('nothing that a client chose controls the terminal or forges an entry (%s)', (format) => {
  const error = new Error(hostile);
  for (const fields of [{ user_id: hostile }, { [hostile]: 1 }, { nested: { list: [hostile] } }, { error }, { error: hostile }]) {
    const text = written({ format }, fields);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
    if (!('error' in fields)) expect(text.match(/\n/g)).toHaveLength(1);
    // A forged line would have to begin like an entry; continued ones are indented.
    for (const line of text.trimEnd().split('\n').slice(1)) expect(line).toMatch(/^ {4}/);
  }
  const [first = ''] = written({ format: 'json' }, { user_id: hostile }).split('\n');
  expect(JSON.parse(first).user_id).toBe(hostile);
});

test('what JSON has no form for does not throw', () => {
  const circular: Record<string, unknown> = { big: 1n };
  circular.self = circular;
  expect(() => written({ format: 'pretty' }, { circular, undefined: undefined, f: () => 1 })).not.toThrow();
});
