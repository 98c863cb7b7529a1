import { join } from 'node:path';
import { testStoreOptions } from '@parley/testkit';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Outcome } from '../../outcome.ts';
import { makeFolder, removeFolder } from '../folder.test-support.ts';
import type { WriteCall } from '../thread/calls.ts';
import { BatchWriter } from './batch.ts';
import { openDatabase } from './database.ts';

let folder = '';
let db: Database.Database;
let writer: BatchWriter;

beforeEach(() => {
  folder = makeFolder();
  db = openDatabase({ file: join(folder, 'parley.db'), readonly: false, databaseBytesMax: undefined, limits: testStoreOptions });
  writer = new BatchWriter(db, testStoreOptions);
});

afterEach(() => {
  db.close();
  removeFolder(folder);
});

function append(content: unknown): WriteCall {
  const request = {
    kind: 'direct',
    senderId: 'bob',
    recipientId: 'ann',
    type: 'text',
    content,
    createdAtMs: 1,
    storedAtMs: 1,
    clientMsgId: undefined,
    receipt: false,
  };
  return { method: 'append', args: [request] };
}

const codes = (outcomes: readonly Outcome[]) => outcomes.map((outcome) => ('refusal' in outcome ? outcome.refusal.code : 'stored'));
const contents = () => db.prepare<[], { content: string; seq: number }>('SELECT content, seq FROM messages ORDER BY seq').all();

test('commits are made with synchronous=FULL, read back from SQLite', () => {
  expect(db.pragma('synchronous', { simple: true })).toBe(2);
  expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
});

test('a call that hits a fault of ours fails alone, and takes no seq', () => {
  const outcomes = writer.commit([append('1'), append(undefined), append('2'), { method: 'saveStates', args: [7] }, append('3')]);
  expect(codes(outcomes)).toEqual(['stored', 'internal_error', 'stored', 'internal_error', 'stored']);
  expect(contents()).toEqual(['1', '2', '3'].map((content, index) => ({ content, seq: index + 1 })));
});

test('while another program holds the file nothing is stored, and later everything is again', () => {
  db.pragma('busy_timeout = 0');
  const other = new Database(join(folder, 'parley.db'));
  other.exec('BEGIN IMMEDIATE');
  expect(codes(writer.commit([append('1'), append('2')]))).toEqual(['overloaded', 'overloaded']);
  other.exec('ROLLBACK');
  other.close();
  expect(codes(writer.commit([append('3')]))).toEqual(['stored']);
  expect(contents()).toEqual([{ content: '3', seq: 1 }]);
});

test('a full disk stores nothing of the batch, and seq goes on without a gap once there is space', () => {
  writer.commit([append('1')]);
  const pages = Number(db.pragma('page_count', { simple: true }));
  db.pragma(`max_page_count = ${pages + 1}`);
  expect(codes(writer.commit([append('2'), append('x'.repeat(50_000))]))).toEqual(['storage_full', 'storage_full']);
  db.pragma(`max_page_count = ${pages + 1_000}`);
  expect(codes(writer.commit([append('3')]))).toEqual(['stored']);
  expect(contents()).toEqual([
    { content: '1', seq: 1 },
    { content: '3', seq: 2 },
  ]);
  expect(writer.isBroken).toBe(false);
});

test('on a full disk a reader is let in and told what waits, while the other calls of the batch are refused', () => {
  writer.commit([append('1'), append('2')]);
  db.pragma(`max_page_count = ${Number(db.pragma('page_count', { simple: true }))}`);
  const open = (deviceId: string): WriteCall => ({ method: 'openReader', args: [{ userId: 'ann', deviceId }, 1] });
  const outcomes = writer.commit([append('x'.repeat(50_000)), open('phone'), open('')]);
  expect(codes(outcomes)).toEqual(['storage_full', 'stored', 'stored']);
  const waiting = { stream: 'user:ann', cursor: 0, head: 2, written: 0, queued: 2, missed: 0 };
  for (const outcome of outcomes.slice(1)) expect(outcome).toEqual({ value: { streams: [waiting], state: undefined } });
  expect(db.prepare('SELECT * FROM readers').all()).toEqual([]);
});

test('after an error of the disk nothing is tried again', () => {
  writer.commit([append('1')]);
  db.exec('ALTER TABLE messages RENAME TO lost');
  expect(codes(writer.commit([append('2'), append('3')]))).toEqual(['storage_failed', 'storage_failed']);
  db.exec('ALTER TABLE lost RENAME TO messages');
  expect(codes(writer.commit([append('4')]))).toEqual(['storage_failed']);
  expect(contents()).toEqual([{ content: '1', seq: 1 }]);
});

function joinOf(n: number): WriteCall {
  return { method: 'joinRoom', args: [{ roomId: 'room', userId: `u${n}`, nowMs: 1, create: { maxMembers: 1000 }, invited: false }] };
}

/** The members that a join told. */
function membersOf(outcome: Outcome | undefined): readonly { readonly userId: string }[] {
  return Object(outcome !== undefined && 'value' in outcome ? outcome.value : {}).members;
}

const memberIds = (outcome: Outcome | undefined) => membersOf(outcome).map(({ userId }) => userId);
const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `u${from + index}`);
const joins = (count: number) => Array.from({ length: count }, (_, index) => joinOf(index + 1));

test('those who join one room in one batch get its first 100 members as one list, until somebody leaves (5,000 joins sent 500,000 members)', () => {
  const leave: WriteCall = { method: 'leaveRoom', args: ['room', 'u1'] };
  const outcomes = writer.commit([...joins(102), leave, joinOf(103)]);
  expect(memberIds(outcomes[49])).toEqual(ids(1, 50));
  expect(memberIds(outcomes[100])).toEqual(ids(1, 100));
  expect(membersOf(outcomes[101])).toBe(membersOf(outcomes[100]));
  expect(memberIds(outcomes[103])).toEqual(ids(2, 101));
  const [later] = writer.commit([joinOf(104)]);
  expect(membersOf(later)).not.toBe(membersOf(outcomes[103]));
});

test('what a batch knew of the members of a room is not believed after it was rolled back', () => {
  const outcomes = writer.commit([...joins(101), { method: 'saveStates', args: [7] }]);
  expect(codes(outcomes).at(-1)).toBe('internal_error');
  expect(memberIds(outcomes[0])).toEqual(['u1']);
  expect(memberIds(outcomes[100])).toEqual(ids(1, 100));
});
