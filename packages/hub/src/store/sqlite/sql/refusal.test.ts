import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeFolder, removeFolder } from '../folder.test-support.ts';
import { isOutOfSpace, refusalFor } from './refusal.ts';

const failure = (code: string) => new Database.SqliteError('disk I/O error', code);
const codeOf = (code: string, isFull: boolean) => refusalFor(failure(code), () => isFull).code;

test('a quota that is used up is a full disk, and any other error of a write is a failure of the store', () => {
  expect(codeOf('SQLITE_IOERR_WRITE', true)).toBe('storage_full');
  expect(codeOf('SQLITE_IOERR_WRITE', false)).toBe('storage_failed');
  // What a failed sync has left on the disk is not known, full or not.
  expect(codeOf('SQLITE_IOERR_FSYNC', true)).toBe('storage_failed');
  expect(codeOf('SQLITE_FULL', false)).toBe('storage_full');
});

test('a folder with space has space, and keeps nothing of the question', () => {
  const folder = makeFolder();
  expect(isOutOfSpace({ name: join(folder, 'parley.db'), memory: false })).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
  removeFolder(folder);
});
