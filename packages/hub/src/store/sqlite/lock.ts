/**
 * One hub for each data folder. The lock is an exclusive transaction on a tiny database of its own:
 * the kernel frees it when the process ends, however it ends, so a lock can't go stale.
 */

import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { describe } from '../outcome.ts';
import { StoreStartError } from '../start-error.ts';
import { isSqliteError } from './sql/sqlite.ts';

/** Makes the folder if it is missing and locks it. Returns the function that frees it. Throws `StoreStartError`. */
export function lockFolder(folder: string): () => void {
  try {
    makeFolder(resolve(folder));
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new StoreStartError(unwritable(folder, cause), { cause });
  }
  let db: Database.Database | undefined;
  try {
    db = new Database(join(folder, 'parley.lock'), { timeout: 0 });
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
    const held = db;
    return () => void held.close();
  } catch (cause) {
    db?.close();
    const isBusy = isSqliteError(cause) && cause.code.startsWith('SQLITE_BUSY');
    throw new StoreStartError(
      isBusy
        ? `Another hub runs on the data folder ${folder}: stop it, or give this one its own folder with --data.`
        : unwritable(folder, cause),
      { cause },
    );
  }
}

/** Not `recursive`: Node tries for ever where the system denies an existing parent, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}

function unwritable(folder: string, cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  return /^(ENOSPC|EDQUOT|SQLITE_FULL)/.test(code)
    ? `There is no space left for the data folder ${folder}: free some, or choose another one with --data.`
    : `The data folder ${folder} cannot be written (${describe(cause)}): correct its permissions, or choose another one with --data.`;
}
