/** Opens the database file: the checks of a start, the settings that durability rests on, and the schema. */

import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe } from '../../outcome.ts';
import { StoreStartError } from '../../start-error.ts';
import type { DatabaseSetup } from '../thread/calls.ts';
import { mendCounters } from './counters.ts';
import { migrations } from './migrations.ts';
import { isSqliteError } from './sqlite.ts';
import { mendStructure } from './start-check.ts';

/** `PRLY`: tells Parley's files from those of other programs. */
const applicationId = 0x50_52_4c_59;

/** How long to wait for another program, such as the sqlite3 shell, that holds the write lock. */
const busyTimeoutMs = 5_000;

/** The commit that reaches 64 MB of log copies it, if the checkpoints beside the commits (`checkpoints.ts`) could not. */
const checkpointPages = 16_000;

/**
 * The page cache of a reading connection. It is small, because the operating system caches the file too, and taking a page from there costs
 * little beside the rest of a read, while a long queue that is read once would fill any cache for nothing.
 */
const readCacheKilobytes = 2_000;

/** What the log file is cut to after a checkpoint. */
const logBytesMax = 64 * 1024 * 1024;

/** `quick_check` reads about 200 MB/s, and a start may not take seconds. Larger files are checked while the hub runs. */
const checkBytesMax = 64 * 1024 * 1024;

export function openDatabase(setup: DatabaseSetup): Database.Database {
  try {
    return setup.readonly ? openReadOnly(setup.file) : openWritable(setup);
  } catch (error) {
    throw toStartError(setup.file, error);
  }
}

export function toStartError(file: string, error: unknown): StoreStartError {
  return error instanceof StoreStartError ? error : new StoreStartError(explain(file, error), { cause: error });
}

/** Cuts the log and marks the shutdown as clean. A file in which a write failed is not closed this way. */
export function closeDatabase(db: Database.Database): void {
  if (!db.readonly) {
    saveMeta(db, 'is_open', 0);
    db.pragma('wal_checkpoint(TRUNCATE)');
  }
  db.close();
}

/** A connection beside a read-only one that copies the log. */
export function openCheckpointer(file: string): Database.Database {
  const db = new Database(file, { fileMustExist: true, timeout: busyTimeoutMs });
  db.pragma('synchronous = FULL');
  return db;
}

function openReadOnly(file: string): Database.Database {
  const db = new Database(file, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  db.pragma(`cache_size = -${readCacheKilobytes}`);
  return db;
}

function openWritable({ file, databaseBytesMax }: DatabaseSetup): Database.Database {
  const db = new Database(file, { timeout: busyTimeoutMs });
  try {
    const isNew = isEmpty(db);
    if (!isNew) refuseForeign(db, file);
    configure(db, file, databaseBytesMax);
    if (!isNew && statSync(file).size <= checkBytesMax) {
      const problem = mendStructure(db);
      if (problem !== undefined) throw new StoreStartError(damaged(file, problem));
    }
    migrate(db);
    if (!isNew) mendCounters(db);
    saveMeta(db, 'is_open', 1);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Also true for a file whose first start was cut short before the schema was made. */
function isEmpty(db: Database.Database): boolean {
  const tables = db.prepare<[], { count: number }>('SELECT count(*) AS count FROM sqlite_schema').get()?.count;
  return tables === 0 && db.pragma('application_id', { simple: true }) === 0;
}

function refuseForeign(db: Database.Database, file: string): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (db.pragma('application_id', { simple: true }) !== applicationId) {
    throw new StoreStartError(`${file} is a database of another program: move it away, or choose another data folder with --data.`);
  }
  if (version > migrations.length) {
    throw new StoreStartError(
      `${file} was written by a newer Parley (schema ${version}, this one knows ${migrations.length}): ` +
        'start that version, or restore the backup that was made before the update.',
    );
  }
}

/** better-sqlite3 builds SQLite with synchronous=NORMAL for WAL, in which a power cut loses acknowledged messages: set, and read back. */
function configure(db: Database.Database, file: string, databaseBytesMax: number | undefined): void {
  const mode = db.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal' && file !== ':memory:') {
    throw new StoreStartError(`The file system of ${file} does not support SQLite's write-ahead log: choose a local disk with --data.`);
  }
  db.pragma('synchronous = FULL');
  if (db.pragma('synchronous', { simple: true }) !== 2) {
    throw new StoreStartError(
      `SQLite refuses synchronous=FULL for ${file}, so no message would be safe: install the released build of Parley.`,
    );
  }
  db.pragma('foreign_keys = ON');
  db.pragma(`wal_autocheckpoint = ${checkpointPages}`);
  db.pragma(`journal_size_limit = ${logBytesMax}`);
  db.pragma('cache_size = -64000');
  db.pragma('temp_store = MEMORY');
  if (databaseBytesMax !== undefined) {
    db.pragma(`max_page_count = ${Math.ceil(databaseBytesMax / Number(db.pragma('page_size', { simple: true })))}`);
  }
}

function migrate(db: Database.Database): void {
  const from = Number(db.pragma('user_version', { simple: true }));
  db.transaction(() => {
    db.pragma(`application_id = ${applicationId}`);
    for (const step of migrations.slice(from)) db.exec(step);
    db.pragma(`user_version = ${migrations.length}`);
  }).immediate();
}

function saveMeta(db: Database.Database, key: string, value: number): void {
  db.prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value').run(key, value);
}

function damaged(file: string, detail: string): string {
  return (
    `${file} is damaged or not a database (${detail}): restore a backup, or save what is readable with ` +
    `"sqlite3 ${file} .recover"; "sqlite3 ${file} 'PRAGMA integrity_check'" lists all damage.`
  );
}

function incomplete(file: string, detail: string): string {
  return (
    `${file} is not complete (${detail}): a part of the database is missing, as after a copy that was cut short. ` +
    'Restore a backup, or move the file away to start with an empty one.'
  );
}

function explain(file: string, error: unknown): string {
  const detail = describe(error);
  const code = isSqliteError(error) ? error.code : '';
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) return damaged(file, detail);
  if (/^SQLITE_(CANTOPEN|READONLY|PERM)/.test(code))
    return `${file} cannot be written (${detail}): correct its permissions, or choose another data folder with --data.`;
  if (/no such (table|column)/.test(detail)) return incomplete(file, detail);
  if (/^SQLITE_FULL/.test(code)) return `There is no space left to open ${file}: free some, or choose another data folder with --data.`;
  if (/^SQLITE_BUSY/.test(code)) return `Another program holds ${file}: close it, then start again.`;
  return `${file} cannot be opened (${detail}): check the disk and the system's log.`;
}
