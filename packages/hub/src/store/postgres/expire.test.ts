import { expect, test } from 'vitest';
import { storeMessages, transaction, useDatabases } from './database.test-support.ts';
import { createExpire, readRetentionTime } from './expire.ts';

const createDatabase = useDatabases();
const retention = { deliveredMs: 100, undeliveredMs: 100 };

test('one node at a time removes what is old, and the clock never goes back', async () => {
  const open = await createDatabase();
  const [one, other] = [await open(), await open()];
  await storeMessages(one, 'user:ann', ['1', '2'], 50);
  const [expireHere, expireThere] = [createExpire(() => 1), createExpire(() => 2)];
  await one.query({ text: 'BEGIN', values: [] });
  expect((await expireHere(one, retention, 160)).value).toEqual({ removed: 2, more: false });
  expect((await transaction(other, (sql) => expireThere(sql, retention, 170))).value).toEqual({ removed: 0, more: false });
  await one.query({ text: 'COMMIT', values: [] });
  expect(await readRetentionTime(other)).toBe(160);
  for (const nowMs of [170, 165]) await transaction(other, (sql) => expireThere(sql, retention, nowMs));
  expect(await readRetentionTime(other)).toBe(170);
});

test('a large backlog, and many streams, go a part at a time', async () => {
  const open = await createDatabase();
  const sql = await open();
  await sql.query({ text: "INSERT INTO streams (stream, last_seq) SELECT 'user:' || n, 0 FROM generate_series(1, 1200) AS n", values: [] });
  await sql.query({ text: "INSERT INTO streams (stream, last_seq) VALUES ('user:many', 1500)", values: [] });
  await sql.query({
    text: `INSERT INTO messages (id, seq, created_at, stored_at, checksum, echo, receipt, stream, sender_id, recipient_id, message_type, content)
      SELECT n, n, 0, n, 0, true, false, 'user:many', 'bob', 'many', 'text', '1' FROM generate_series(1, 1500) AS n`,
    values: [],
  });
  const expire = createExpire(() => 1);
  const parts: number[] = [];
  for (let more = true; more; ) {
    const { value } = await transaction(sql, (lane) => expire(lane, retention, 1_501));
    parts.push(value.removed);
    more = value.more;
  }
  expect(Math.max(...parts)).toBeLessThanOrEqual(1_000);
  expect(parts.reduce((sum, part) => sum + part)).toBe(1_400);
  expect(parts.length).toBeGreaterThan(2);
});

test('a stream that is in use is waited for, and a deleted room or an unused reader that is in use is left', async () => {
  const open = await createDatabase();
  const [one, other] = [await open(), await open()];
  await storeMessages(one, 'room:tea', ['1'], 500);
  await one.query({ text: 'UPDATE streams SET trimmed_seq = last_seq', values: [] });
  await one.query({ text: "INSERT INTO deleted_streams (stream) VALUES ('room:tea')", values: [] });
  await one.query({ text: "INSERT INTO readers (user_id, device_id, opened_at, used_at) VALUES ('ann', 'phone', 0, 0)", values: [] });
  await other.query({ text: 'BEGIN', values: [] });
  await other.query({ text: "SELECT 1 FROM streams WHERE stream = 'room:tea' FOR UPDATE", values: [] });
  await other.query({ text: 'SELECT 1 FROM readers FOR UPDATE', values: [] });
  const expire = createExpire(() => 1);
  const run = async () => (await transaction(one, (sql) => expire(sql, retention, 510))).value;
  const readers = () => one.query({ text: 'SELECT device_id FROM readers', values: [] });
  expect(await run()).toEqual({ removed: 0, more: false });
  expect(await readers()).toHaveLength(1);
  await other.query({ text: 'COMMIT', values: [] });
  expect(await run()).toEqual({ removed: 1, more: true });
  expect(await run()).toEqual({ removed: 0, more: false });
  expect(await readers()).toEqual([]);
});
